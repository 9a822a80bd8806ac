import type { Terminal } from './progress';

/** What a command needs of the process around it. */
export interface Surroundings {
  readonly stdout: NodeJS.WritableStream & Terminal;
  readonly stderr: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** The worker's program. */
  readonly workerPath: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** One sentence on stderr. */
  readonly warn: (sentence: string) => void;
}
