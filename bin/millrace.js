#!/usr/bin/env node
// Plain JavaScript that old Node versions understand, too: it finds a Node that is new enough, and then the program.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import module from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const neededNode = 24;
const thisFile = fileURLToPath(import.meta.url);

/** The Node that `npm ci` put beside this package, or beside the project that installed it. */
function pinnedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const places = ['../node_modules/node/bin/', '../../node/bin/', '../node_modules/.bin/', '../../.bin/'];
  return places.map((place) => fileURLToPath(new URL(place + name, import.meta.url))).find((file) => existsSync(file));
}

function runUnder(node) {
  const args = [thisFile, ...process.argv.slice(2)];
  // The better way, where this Node can do it: this process becomes the other one, and signals need no detour.
  if (process.platform !== 'win32' && typeof process.execve === 'function') {
    process.execve(node, [node, ...args], process.env);
  }
  // The channel closes when this process ends, however it ends; the program stops then (see cli/start/stop-reasons.ts).
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('error', (error) => fail(`could not run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(name, forward);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`millrace: NODE_TOO_OLD ${message}\n`);
  process.exit(1);
}

async function runHere() {
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const isClone = existsSync(source);
  if (isClone) module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/millrace', import.meta.url)));
  else module.enableCompileCache();
  const { main } = await import(isClone ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href);
  process.exitCode = await main(process.argv.slice(2));
}

if (Number(process.versions.node.split('.')[0]) >= neededNode) {
  await runHere();
} else {
  const node = pinnedNode();
  // When the pinned one is this very Node, running it again would never end.
  const isAnother = node !== undefined && realpathSync(node) !== realpathSync(process.execPath);
  if (isAnother) runUnder(node);
  else
    fail(
      `this is Node ${process.versions.node}, and Millrace needs Node ${neededNode} or newer. Install it, or run "npm install node@${neededNode}" in your project.`,
    );
}
