// Serves a WSDL with the npm package soap. Standard input gives, in one line of
// JSON, the WSDL's file and what to answer: {"wsdl": "...", "answers":
// {"operation": [answer, ...]}}; the last answer of an operation repeats.
// Standard output gets lines of JSON: {"url": "..."} when it listens, then
// {"op": "...", "action": "...", "args": {...}} for every call. It ends when
// standard input does.
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { readFileSync } from 'node:fs';

const soap = createRequire(path.join(process.env.POS_NODE, 'index.js'))('soap');
const print = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const input = readline.createInterface({ input: process.stdin });
input.on('close', () => process.exit(0));
const { wsdl, answers } = JSON.parse((await input[Symbol.asyncIterator]().next()).value);
const text = readFileSync(wsdl, 'utf8');
const where = new URL(/<soap:address location="([^"]*)"/.exec(text)[1]).pathname;

const operation = (op) => (args, callback, headers, request) => {
  print({ op, action: request.headers.soapaction, args });
  const [answer, ...more] = answers[op];
  if (more.length > 0) answers[op] = more;
  return answer;
};
const operations = Object.fromEntries(Object.keys(answers).map((op) => [op, operation(op)]));
// All ports of a service share an address, and the first with it is used.
const service = /<wsdl:service name="([^"]*)"/.exec(text)[1];
const ports = [...text.matchAll(/<wsdl:port name="([^"]*)"/g)].map((m) => [m[1], operations]);

const server = http.createServer((request, response) => response.writeHead(404).end());
soap.listen(server, { path: where, services: { [service]: Object.fromEntries(ports) }, xml: text, callback: () => {} });
server.listen(0, '127.0.0.1', () => print({ url: `http://127.0.0.1:${server.address().port}${where}` }));
