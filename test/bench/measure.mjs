// Runs a command to its end and answers its output, wall time and the peak resident memory of it and all its children.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** @returns {Promise<{stdout: string, seconds: number, peakBytes: number | null}>} peakBytes: null where there is no /proc */
export async function measure(command, args) {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let peak = 0;
  const sample = () => (peak = Math.max(peak, residentBytes(child.pid)));
  const timer = setInterval(sample, 50);
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return {
    stdout: Buffer.concat(chunks).toString(),
    seconds: (performance.now() - started) / 1000,
    peakBytes: peak > 0 ? peak : null,
  };
}

/** Processor time that the running children of this process have taken, seconds; 0 where there is no /proc. */
export function processorSecondsOfChildren() {
  let ticks = 0;
  for (const pid of processNumbers()) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // Behind the name, which may hold blanks and brackets: state, parent, .. and the times as fields 12 and 13.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // The process has ended meanwhile.
    }
  }
  return ticks / TICKS;
}

/** USER_HZ of Linux. */
const TICKS = 100;

function processNumbers() {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Resident memory of a process and its descendants together. */
function residentBytes(root) {
  const processes = new Map();
  for (const pid of processNumbers()) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const number = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      processes.set(Number(pid), { parent: number('PPid'), bytes: number('VmRSS') * 1024 });
    } catch {
      // The process has ended meanwhile.
    }
  }
  const belongs = (pid) => pid === root || (processes.has(pid) && belongs(processes.get(pid).parent));
  return [...processes].reduce((sum, [pid, { bytes }]) => sum + (belongs(pid) ? bytes : 0), 0);
}
