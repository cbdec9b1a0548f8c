// Calls Square with its official SDK, the npm package square. Standard input
// gives lines of JSON: first {"url": "...", "token": "..."}, then calls as
// {"op": "orders.search", "args": {...}} with the SDK's names, where a text of
// digits and an n stands for a BigInt. Every line is answered in one: {} or
// {"result": ...}, of lists all rows, and {"status": ..., "errors": [...],
// "error": "..."} where it failed. The op "verify" checks a signature. It ends
// when standard input does.
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const { SquareClient, WebhooksHelper } = createRequire(path.join(process.env.POS_NODE, 'index.js'))('square');
const read = (_, v) => (typeof v === 'string' && /^\d+n$/.test(v) ? BigInt(v.slice(0, -1)) : v);
const write = (_, v) => (typeof v === 'bigint' ? Number(v) : v);

async function run(client, op, args) {
  if (op === 'verify') return WebhooksHelper.verifySignature(args);
  const names = op.split('.');
  const name = names.pop();
  const api = names.reduce((at, n) => at[n], client);
  const answer = await api[name](args);
  if (!answer?.[Symbol.asyncIterator]) return answer;
  const rows = [];
  for await (const row of answer) rows.push(row);
  return rows;
}

let client;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { url, token, op, args } = JSON.parse(line, read);
  let answer = {};
  try {
    if (url) {
      client = new SquareClient({ environment: url, token, maxRetries: 0 });
    } else {
      answer.result = await run(client, op, args);
    }
  } catch (err) {
    answer = { error: err.message, status: err.statusCode, errors: err.errors };
  }
  process.stdout.write(JSON.stringify(answer, write) + '\n');
}
