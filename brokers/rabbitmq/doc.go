// Package rabbitmq is a thin layer over amqp091-go for programs that have to
// keep working while their broker comes and goes.
//
// A [Dialer] opens connections within a bounded time; its errors are one line that
// names the address. [Keep] works on connections one after another, with
// back-off between them. A [Publisher] pipelines publishes with confirms and
// reports the fate of each; a [Consumer] receives with a prefetch limit and manual
// acknowledgements. What is declared, published and consumed is the caller's.
package rabbitmq
