/** `lipschitz-lens devices`. */
import type { DeviceCheck } from '../report/report';
import { hanging, pad, printable } from '../report/text';
import { devicesInWorker } from '../worker/client';
import { EXIT } from './exit-code';
import type { ExitCode } from './exit-code';
import { PAGE_WIDTH } from './format';
import { writeStream } from './output';
import type { Surroundings } from './surroundings';

/**
 * @throws AnalysisFailure where the check crashes
 * @throws OutputError where the result cannot be written
 */
export async function listDevices({ stdout, workerPath, signal }: Surroundings): Promise<ExitCode> {
  const checks = await devicesInWorker({ workerPath, signal });
  if (checks === null) return EXIT.cancelled;
  const rows = [
    ['device', 'check', 'description'],
    ...checks.map((check) => [check.provider, verdict(check), printable(check.description)]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.flatMap(([device, check, description]) =>
    hanging(`${pad(device, widths[0])}  ${pad(check, widths[1])}  `, description, PAGE_WIDTH),
  );
  await writeStream(stdout, lines.map((line) => `${line}\n`).join(''));
  return checks.some((check) => check.passed) ? EXIT.done : EXIT.failed;
}

function verdict({ available, passed }: DeviceCheck): string {
  if (passed) return 'passed';
  return available ? 'failed' : 'absent';
}
