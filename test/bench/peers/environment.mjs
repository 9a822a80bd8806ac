// The virtual environment of the peers, made where there is none yet.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../weights.mjs';

const ENVIRONMENT = join(CACHE, 'peers');
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** The interpreter of the environment. `PYTHON` names the one to make it with. */
export function pythonOfPeers() {
  const python = join(ENVIRONMENT, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(python)) {
    const stdio = ['ignore', 'inherit', 'inherit'];
    execFileSync(process.env.PYTHON ?? 'python3', ['-m', 'venv', ENVIRONMENT], { stdio });
    execFileSync(python, ['-m', 'pip', 'install', '--requirement', REQUIREMENTS], { stdio });
  }
  return python;
}
