// npm runs this after `npm ci` and before `npm pack`. Plain JavaScript: with `npm ci --omit=dev` there is no pinned Node
// and no Vite, and the machine's own Node may be too old for TypeScript. Then there is nothing to build with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('build-web.ts', import.meta.url));
const vite = fileURLToPath(new URL('../node_modules/vite/package.json', import.meta.url));
const isNewEnough = Number(process.versions.node.split('.')[0]) >= 24;

if (existsSync(script) && existsSync(vite)) {
  if (isNewEnough) {
    const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } else {
    process.stderr.write(`The web pages were not built: this is Node ${process.versions.node}, and 24 is needed.\n`);
  }
}
