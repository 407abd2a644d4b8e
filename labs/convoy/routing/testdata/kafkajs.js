// Prints what kafkajs's default partitioner says of the keys on standard input,
// one a line: npm install kafkajs@2.2.4 && node kafkajs.js PARTITIONS <keys
const { Partitioners } = require('kafkajs')
const partitions = Number(process.argv[2])
const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 0 }))
const partition = Partitioners.DefaultPartitioner()
const lines = require('fs').readFileSync(0, 'utf8').split('\n')
lines.pop()
for (const key of lines) console.log(key + '\t' + partition({ topic: 'orders', partitionMetadata, message: { key } }))
