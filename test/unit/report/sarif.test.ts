import { describe, expect, it } from 'vitest';
import { formatSarif } from '../../../src/report/sarif';
import { FULL, layer, network, networkBound, report } from './sample';

interface Text {
  readonly text: string;
}

/** The part of SARIF 2.1.0 that is written, with what section 3 of the standard requires of it. */
interface Log {
  readonly $schema: string;
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly semanticVersion: string;
        readonly rules: readonly { readonly id: string; readonly shortDescription: Text }[];
        readonly notifications: readonly { readonly id: string }[];
      };
    };
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly toolExecutionNotifications: readonly {
        readonly descriptor: { readonly id: string; readonly index: number };
        readonly level: string;
        readonly message: Text;
      }[];
    }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: Text;
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
        readonly logicalLocations: readonly { readonly fullyQualifiedName: string }[];
      }[];
    }[];
  }[];
}

function sarif(
  limit: number | null,
  refusals: readonly string[] = [],
  reports = [FULL],
  networkLimit: number | null = null,
) {
  const text = formatSarif(reports, {
    ...{ version: '1.2.3', limit, networkLimit, refusals },
    uriOf: (path) => `uri:${path}`,
  });
  const log = JSON.parse(text) as Log;
  expect(log).toMatchObject({ version: '2.1.0' });
  expect(log.runs).toHaveLength(1);
  const [run] = log.runs;
  expect(run.tool.driver).toMatchObject({ name: 'Lipschitz Lens', semanticVersion: '1.2.3' });
  for (const result of run.results) {
    expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(['error', 'warning', 'note', 'none']).toContain(result.level);
  }
  for (const { descriptor, level } of run.invocations[0].toolExecutionNotifications) {
    expect(run.tool.driver.notifications[descriptor.index].id).toBe(descriptor.id);
    expect(['error', 'warning', 'note', 'none']).toContain(level);
  }
  return run;
}

describe('formatSarif', () => {
  it('has a result for every layer above the budget: an error where that is certain', () => {
    const { results } = sarif(2.53);
    expect(
      results.map(({ level, locations }) => [level, locations[0].logicalLocations[0].fullyQualifiedName]),
    ).toEqual([
      ['warning', 'features/depthwise'],
      ['error', 'embed | table'],
      ['error', '畳み込み層/重み'],
    ]);
    expect(results[0].message.text).toBe(
      'Layer features/depthwise may exceed the budget of 2.53: its Lipschitz constant is 2.51–2.56 (certified, for any input size).',
    );
    expect(results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('uri:models/net.onnx');
  });

  it('tells of failed and skipped layers, and of files without a report', () => {
    const [{ executionSuccessful, toolExecutionNotifications }] = sarif(2, [
      'bad.onnx: it is empty',
    ]).invocations;
    expect(executionSuccessful).toBe(false);
    expect(toolExecutionNotifications.map(({ descriptor }) => descriptor.id)).toEqual([
      ...['refused-file', 'failed-layer', 'skipped', 'skipped', 'skipped'],
    ]);
    expect(sarif(2).invocations[0].executionSuccessful).toBe(true);
  });

  it('has no results without a budget, and is a document without reports', () => {
    expect(sarif(null).results).toEqual([]);
    expect(sarif(1, ['nothing'], []).results).toEqual([]);
  });

  it('takes names for text: no link, no placeholder, nothing that a terminal obeys', () => {
    const name = 'a[b](http://c) {0} \u001b[31m';
    const { results } = sarif(1, [], [report({ layers: [layer({ name })] })]);
    expect(results[0].message.text).toContain('a\\[b\\](http://c) {{0}} �\\[31m exceeds');
    expect(results[0].locations[0].logicalLocations[0].fullyQualifiedName).toBe(name);
  });

  it('has one result for a network above its budget, of the worst bound', () => {
    const bounds = [
      networkBound({ output: 'small', upper: 2, log10Upper: 0.30103 }),
      networkBound({ output: 'y', upper: 2000, log10Upper: 3.30103 }),
      networkBound({ output: 'z', upper: 70, log10Upper: 1.8451 }),
    ];
    const whole = [report({ network: network({ bounds }) })];
    const { results } = sarif(null, [], whole, 5);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ ruleId: 'network-budget', level: 'warning' });
    expect(results[0].message.text).toBe(
      'The Lipschitz constant of the network from x to y may exceed the budget of 5: its upper bound is 2001 (certified). So does that between 1 other pair.',
    );
    expect(results[0].locations[0].logicalLocations[0]).toMatchObject({
      ...{ fullyQualifiedName: 'x -> y', kind: 'network' },
    });
    expect(sarif(null, [], whole, 2000).results).toEqual([]);
    expect(sarif(null, [], whole).results).toEqual([]);
    expect(sarif(1, [], whole, 5).results.map(({ ruleId }) => ruleId)).toEqual([
      'layer-budget',
      'network-budget',
    ]);
  });

  it('says which nodes a network has no bound for, as text', () => {
    const nothing = { upper: null, log10Upper: null, certainty: null };
    const bounds = [networkBound({ ...nothing, limits: ['Exp [1]', ...'abcdef'] })];
    const { results } = sarif(null, [], [report({ network: network({ bounds }) })], 1e300);
    expect(results[0].message.text).toContain(
      'no bound on all inputs is known because of Exp \\[1\\], a, b, c, d, ...',
    );
  });
});
