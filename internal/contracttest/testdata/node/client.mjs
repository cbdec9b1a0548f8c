// Calls a SOAP service with the npm package soap. Standard input gives lines
// of JSON: first {"wsdl": "...", "url": "..."}, then calls as {"op": "...",
// "args": {...}}. Every line is answered in one: {} or {"result": {...}}, and
// {"error": "..."} where it failed. It ends when standard input does.
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const soap = createRequire(path.join(process.env.POS_NODE, 'index.js'))('soap');
let client;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { wsdl, url, op, args } = JSON.parse(line);
  let answer = {};
  try {
    if (client) {
      [answer.result] = await client[op + 'Async'](args);
    } else {
      client = await soap.createClientAsync(wsdl, {}, url);
    }
  } catch (err) {
    answer = { error: err.message };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
