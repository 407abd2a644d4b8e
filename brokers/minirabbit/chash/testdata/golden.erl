%% Writes the golden vectors of this folder with Erlang's own functions:
%%   erl -noshell -eval '{ok,M,B}=compile:file("golden",[binary]),code:load_binary(M,"",B),golden:main(),halt().'
-module(golden).
-export([main/0]).

main() ->
    write("phash2.txt", [key(K) || K <- keys()]),
    write("fields.txt", [field(T, V) || {T, V} <- fields()]),
    write("exs1024.txt", [draws(K) || K <- seeds()]),
    write("jump.txt", [jumps(K) || K <- seeds()]),
    write("nested.txt", [nested(V) || V <- nested()]),
    write("values.txt", [value(V) || V <- scalars() ++ nested()]).

write(File, Lines) -> ok = file:write_file(File, Lines).

%% every length around the 12-byte block, all byte values, longer keys
keys() ->
    [binary:copy(<<"k">>, N) || N <- lists:seq(0, 40)] ++
    [<<"user-", (integer_to_binary(N))/binary>> || N <- lists:seq(0, 400, 7)] ++
    [list_to_binary(lists:seq(F, F + 31)) || F <- lists:seq(0, 224, 32)] ++
    [binary:copy(<<16#ff>>, 255), binary:copy(<<"0123456789">>, 100), <<"ñandú€"/utf8>>].

%% hex key, phash2 of the binary, phash2 of {longstr, key}
key(K) ->
    io_lib:format("~s ~b ~b~n", [hex(K), erlang:phash2(K), erlang:phash2({longstr, K})]).

hex(<<>>) -> "-";
hex(B) -> [io_lib:format("~2.16.0b", [X]) || <<X>> <= B].

fields() ->
    [{T, V} || {T, Min, Max} <- [{byte, -128, 127}, {unsignedbyte, 0, 255},
                                 {short, -32768, 32767}, {unsignedshort, 0, 65535},
                                 {signedint, -(1 bsl 31), (1 bsl 31) - 1}, {unsignedint, 0, (1 bsl 32) - 1},
                                 {long, -(1 bsl 63), (1 bsl 63) - 1}, {timestamp, 0, 4102444800}],
               V <- [0, 1, -1, 5, Min, Max, (1 bsl 27) - 1, 1 bsl 27, -(1 bsl 27), -(1 bsl 27) - 1,
                     1 bsl 32, 1 bsl 59, (1 bsl 59) - 1, -(1 bsl 59), -(1 bsl 59) - 1, 1 bsl 62],
               V >= Min, V =< Max] ++
    [{T, V} || T <- [double, float], V <- [0.0, 1.0, -1.5, 0.25, 65536.0]] ++
    [{bool, true}, {bool, false}, {void, undefined}, {binary, <<>>}, {binary, <<"abc">>}].

field(T, V) when is_binary(V) -> io_lib:format("~s ~s ~b~n", [T, hex(V), erlang:phash2({T, V})]);
field(T, V) -> io_lib:format("~s ~w ~b~n", [T, V, erlang:phash2({T, V})]).

%% decimals, arrays and tables, as rabbit_binary_parser represents them
nested() ->
    Scalars = scalars(),
    Decimals = [{decimal, {S, N}} || S <- [0, 1, 2, 255], N <- [0, 1, 314, 4294967295, 2147483648]],
    Arrays = [{array, L} || L <- [[], Scalars] ++ [[S] || S <- Scalars] ++ [[S, S, S] || S <- Scalars]],
    Tables = [{table, L} || L <- [[], [{<<>>, longstr, <<>>}]] ++ [[{<<"k">>, T, V}] || {T, V} <- Scalars] ++
                                 [[{<<"a">>, T, V}, {<<"b">>, T, V}] || {T, V} <- Scalars]],
    Deep = [{array, Arrays}, {array, Tables}, {array, Decimals}, {table, [{<<"x">>, T, V} || {T, V} <- Tables ++ Arrays ++ Decimals]}],
    Decimals ++ Arrays ++ Tables ++ Deep.

scalars() ->
    [{signedint, N} || N <- [0, 1, -1, 255, 1 bsl 27, -(1 bsl 31)]] ++
    [{longstr, S} || S <- [<<>>, <<"a">>, <<"twelve bytes">>, <<"user-1234567890">>]] ++
    [{bool, true}, {bool, false}, {void, undefined}, {double, 0.5}, {float, -1.5}, {binary, <<1, 2>>},
     {timestamp, 1700000000}, {long, 1 bsl 40}, {byte, -5}, {unsignedbyte, 5}].

%% hex of the value as AMQP sends it, phash2
nested(V) -> io_lib:format("~s ~b~n", [hex(iolist_to_binary(encode(V))), erlang:phash2(V)]).

%% hex of the value as AMQP sends it, its bucket among 1000 where headers have no type
value({T, V} = F) -> io_lib:format("~s ~b~n", [hex(iolist_to_binary(encode(F))), untyped(header(T, V), 1000)]).

%% routing_value of mc_amqpl, v4.3.5
header(timestamp, V) -> V * 1000;
header(_, V) -> V.

%% jump_consistent_hash of rabbit_exchange_type_consistent_hash, v4.3.5
untyped([], N) -> untyped(erlang:phash2([]), N);
untyped([First | _], N) -> untyped(First, N);
untyped(K, N) when is_integer(K) -> jump(K, N);
untyped(K, N) -> untyped(erlang:phash2(K), N).

%% a field's type letter and value, as in AMQP 0-9-1 with RabbitMQ's letters
encode({decimal, {Scale, N}}) -> <<$D, Scale:8, N:32>>;
encode({array, L}) -> sized($A, [encode(V) || V <- L]);
encode({table, L}) -> sized($F, [[size(K), K, encode({T, V})] || {K, T, V} <- L]);
encode({signedint, N}) -> <<$I, N:32>>;
encode({long, N}) -> <<$l, N:64>>;
encode({byte, N}) -> <<$b, N:8>>;
encode({unsignedbyte, N}) -> <<$B, N:8>>;
encode({timestamp, N}) -> <<$T, N:64>>;
encode({longstr, S}) -> sized($S, S);
encode({binary, S}) -> sized($x, S);
encode({bool, true}) -> [$t, 1];
encode({bool, false}) -> [$t, 0];
encode({double, F}) -> <<$d, F:64/float>>;
encode({float, F}) -> <<$f, F:32/float>>;
encode({void, undefined}) -> [$V].

sized(Letter, Content) -> B = iolist_to_binary(Content), [Letter, <<(size(B)):32>>, B].

seeds() -> [0, 1, 2, 1000, 2097150, 2097151, 2097152, 45914356, 134217727] ++
           [erlang:phash2(N) || N <- lists:seq(1, 60)].

%% seed, then 20 outputs: past the end of the 16 words of state
draws(K) ->
    {Vs, _} = lists:mapfoldl(fun(_, {#{next := Next} = A, R0}) -> {V, R} = Next(R0), {V, {A, R}} end,
                             rand:seed_s(exs1024, {K, K, K}), lists:seq(1, 20)),
    io_lib:format("~b~s~n", [K, [io_lib:format(" ~b", [V]) || V <- Vs]]).

%% seed, then its bucket among 1, 2, 3, 5, 8, 16, 100, 1000 and 1000000
jumps(K) ->
    io_lib:format("~b~s~n", [K, [io_lib:format(" ~b", [jump(K, N)]) ||
                                    N <- [1, 2, 3, 5, 8, 16, 100, 1000, 1000000]]]).

jump(_, 1) -> 0;
jump(K, N) -> jump(-1, 0, N, rand:seed_s(exs1024, {K, K, K})).
jump(B, J, N, _) when J >= N -> B;
jump(_, J, N, S0) ->
    {U, S} = rand:uniform_s(S0),
    jump(J, trunc((J + 1) / U), N, S).
