/** The worker's program: answers requests until its client disconnects. Nothing of it is written to stdout. */
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import { isAdapter } from '../analysis/adapter';
import { analyze } from '../analysis/analyze';
import type { Plan } from '../analysis/analyze';
import { analyzeSpectrum } from '../analysis/analyze-spectrum';
import { compare } from '../analysis/compare/compare';
import type { ComparisonPlan } from '../analysis/compare/compare';
import { analyzeNetwork, analyzeSlopes } from '../analysis/network';
import { Companions } from '../compute/companions';
import { checkDevices } from '../compute/devices';
import { ModelError } from '../model/errors';
import { hasId, isRequest } from './protocol';
import type { MessageToClient, RemoteError, RequestMessage } from './protocol';

/** EX_SOFTWARE of sysexits.h: an internal error. */
const INTERNAL_ERROR = 70;

const companions = new Companions(join(__dirname, 'companion.js'));

/** Their text is read in a few milliseconds. */
const ITEMS_OF_A_MESSAGE = 1000;

async function answer(message: RequestMessage): Promise<MessageToClient> {
  const { id } = message;
  try {
    switch (message.method) {
      case 'analyze':
        await analyze(
          message.request,
          {
            onPlan: (plan) => sendPlan(id, plan),
            onStart: (index) => send({ id, event: 'start', index }),
            onPreliminary: (index, row) => send({ id, event: 'preliminary', index, row }),
            onRow: (index, row) => send({ id, event: 'row', index, row }),
          },
          companions,
        );
        return { id, ok: null };
      case 'compare':
        await compare(
          message.request,
          {
            onPlan: (plan) => sendPlan(id, plan),
            onStart: (index) => send({ id, event: 'start', index }),
            onRow: (index, row) => send({ id, event: 'row', index, row }),
          },
          companions,
        );
        return { id, ok: null };
      case 'network':
        return { id, ok: await analyzeNetwork(message.request, companions) };
      case 'slopes':
        return { id, ok: await analyzeSlopes(message.request) };
      case 'isAdapter':
        return { id, ok: await isAdapter(message.request.path) };
      case 'spectrum':
        return { id, ok: await analyzeSpectrum(message.request, sharesOf(id)) };
      case 'devices':
        return { id, ok: await checkDevices() };
    }
  } catch (error) {
    return { id, error: remoteError(error) };
  }
}

/** Shares closer to the one before are not sent. */
const LEAST_STEP = 0.01;

/** What tells the client how much is done, and lets the message leave before the work goes on. */
function sharesOf(id: number): (share: number) => Promise<void> {
  let sent = 0;
  return async (share) => {
    if (share - sent < LEAST_STEP) return;
    sent = share;
    send({ id, event: 'share', share });
    await new Promise(setImmediate);
  };
}

/** A plan in messages that are read in a few milliseconds each. */
function sendPlan(id: number, plan: Plan | ComparisonPlan): void {
  const ends = Object.entries(plan).map(([list, items]: [string, unknown]) => {
    if (!Array.isArray(items)) return [list, items];
    let begin = 0;
    for (; begin + ITEMS_OF_A_MESSAGE < items.length; begin += ITEMS_OF_A_MESSAGE) {
      send({ id, event: 'planPart', list, items: items.slice(begin, begin + ITEMS_OF_A_MESSAGE) });
    }
    return [list, items.slice(begin)];
  });
  send({ id, event: 'plan', plan: Object.fromEntries(ends) as Plan & ComparisonPlan });
}

function remoteError(error: unknown): RemoteError {
  return error instanceof Error
    ? { name: error.name, message: error.message, refusal: error instanceof ModelError }
    : { name: 'Error', message: String(error), refusal: false };
}

function send(message: MessageToClient): void {
  // A message that cannot be delivered has no reader any more.
  process.send?.(message, undefined, undefined, (error) => {
    if (error) process.exit();
  });
}

function die(error: unknown): void {
  // The client finds the reason in what this process leaves behind.
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`, () =>
    process.exit(INTERNAL_ERROR),
  );
}

process.on('uncaughtException', die);
process.on('unhandledRejection', die);
process.on('disconnect', () => process.exit());
process.on('message', (message: unknown) => {
  if (isRequest(message)) {
    void answer(message).then(send);
  } else if (hasId(message)) {
    send({
      id: message.id,
      error: { name: 'ProtocolError', message: t('the worker does not know this request'), refusal: false },
    });
  } else {
    die(new Error(t('the worker was sent something that is no request')));
  }
});

if (!process.send) {
  process.stderr.write(t('This program is started by lipschitz-lens; it has no use of its own.\n'));
  process.exitCode = 2;
}
