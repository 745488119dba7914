import { glob } from 'node:fs/promises';
import process from 'node:process';
import { repository, runTool } from './development-tool.ts';

/** Types and lint rules of everything; goes on after a failure, so that one run shows all. Run: `npm run lint` */

const projects = ['tsconfig.json'];
// A web page has types of its own: those of the browser, not those of Node.
for await (const file of glob(['apps/*/web/tsconfig.json', 'console/tsconfig.json'], { cwd: repository })) {
  projects.push(file);
}

const failed: string[] = [];
for (const project of projects) {
  if ((await runTool('tsc', ['-p', project, '--noEmit'])) !== 0) failed.push(`tsc -p ${project}`);
}
const rules = ['--type-aware', '--deny-warnings', '--report-unused-disable-directives', ...process.argv.slice(2)];
if ((await runTool('oxlint', rules)) !== 0) failed.push('oxlint --type-aware');

if (failed.length > 0) {
  process.stderr.write(`Not clean: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
