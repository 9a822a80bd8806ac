/**
 * `npm run vscode`: VS Code with the extension and a folder of sample models, to try it by hand. The desktop one where
 * `code` exists, else a server whose address it prints; it runs until Ctrl-C or the window is closed.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { needsDisplay, runDesktop } from './desktop';
import { findCommand, program, TemporaryFolder } from './processes';
import { Server } from './server';
import { createSamples } from './workspace';

const USAGE = `Usage: npm run vscode -- [--server] [--vsix FILE]
  --server     a VS Code Server for the browser, also where "code" exists
  --vsix FILE  this packed extension, in such a server, in place of the one built here`;

async function main(): Promise<void> {
  const { server, vsix } = options();
  const temporary = new TemporaryFolder();
  const folder = await createSamples(temporary.path);
  const code = findCommand('code');
  if (code !== undefined && !needsDisplay() && !server && vsix === undefined) {
    console.log(`VS Code opens with the sample models in ${folder}`);
    await runDesktop(code, { workspace: folder, print: console.log });
  } else {
    const running = await Server.start(vsix === undefined ? {} : { vsix });
    console.log(`VS Code with the sample models runs at\n\n  ${running.address(folder)}\n\nuntil Ctrl-C.`);
    await running.ended();
    await running.stop();
  }
  await temporary.remove();
}

function options(): { server: boolean; vsix: string | undefined } {
  try {
    const { values } = parseArgs({ options: { server: { type: 'boolean' }, vsix: { type: 'string' } } });
    const vsix = values.vsix === undefined ? undefined : resolve(values.vsix);
    if (vsix !== undefined && !existsSync(vsix)) throw new Error(`${vsix} does not exist`);
    return { server: values.server ?? false, vsix };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

await program('npm run vscode', main);
