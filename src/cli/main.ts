/** The program `lipschitz-lens`: the process around the command line. */
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { printable } from '../report/text';
import { EXIT } from './exit-code';
import { UsageError } from './output';
import { commandLine } from './program';

const STOPPING = ['SIGINT', 'SIGTERM'] as const;
const interrupted = new AbortController();
function stop(): void {
  // Who asks twice does not want to wait for the result to be printed: the second time ends the process at once.
  for (const signal of STOPPING) process.off(signal, stop);
  interrupted.abort();
}
for (const signal of STOPPING) process.on(signal, stop);
// A failed write is reported where it was made; without a listener it would also end the process.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

function warn(sentence: string): void {
  process.stderr.write(`lipschitz-lens: ${printable(sentence)}\n`);
}

const program = commandLine(
  {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    workerPath: join(__dirname, 'worker.js'),
    signal: interrupted.signal,
    warn,
  },
  (code) => {
    process.exitCode = code;
  },
);

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong, or printed the help that was asked for.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return;
  }
  warn(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
});
