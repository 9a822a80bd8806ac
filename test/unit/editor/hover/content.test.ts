import { describe, expect, it } from 'vitest';
import { translatorOf } from '../../../../src/editor/protocol/translation';
import { numeralsOf } from '../../../../src/report/decimal-sign';
import { describeLayers, describeModel, layerHint } from '../../../../src/editor/hover/content';
import type { Reader } from '../../../../src/editor/hover/content';
import type { Texts } from '../../../../src/editor/hover/texts';
import type { Result } from '../../../../src/editor/analysis/results';
import { DEFAULT_SETTINGS, FULL, layer, report } from '../../report/sample';

/** Every text is its name and what is put into it. */
const texts = new Proxy({} as Texts, {
  get:
    (_, name) =>
    (...values: unknown[]) =>
      `${String(name)}(${values.join(' | ')})`,
});
const reader: Reader = {
  texts,
  translate: (sentence) => sentence,
  numerals: (text) => text,
  locale: 'en',
  now: 200_000,
  analyzeArgument: (path) => ({ path }),
};

const resultOf = (overrides: Partial<Result> = {}): Result => ({
  report: report(),
  files: [],
  analysedAt: 20_000,
  stale: false,
  ...overrides,
});
const unescaped = (markdown: string) => markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');

describe('describeModel', () => {
  it('offers an analysis where there is no result', () => {
    const shown = describeModel('/models/net.onnx', null, reader);
    expect(shown).toContain('**`net.onnx`**');
    expect(shown).toContain('notAnalyzed()');
    expect(shown).toContain('[analyze()](command:lipschitzLens.analyze?');
  });

  it('says what is known', () => {
    const shown = unescaped(describeModel('/models/net.onnx', resultOf({ report: FULL }), reader));
    expect(shown).toContain('ONNX · layers(6)');
    expect(shown).toContain('withoutBound(1)');
    expect(shown).toContain('largestNorm(316.23 | `畳み込み層/重み` | certainty(analytic))');
    expect(shown).toContain('product(5 | 0 | certainty(certified');
    expect(shown).toMatch(
      /lowestRanks\(rankOf\(12\.50 \| 1\.6% \| `embed \| table`\), (rankOf\([^)]*\)(, )?){2}\)/,
    );
    expect(shown).toContain('analyzed(3 minutes ago)');
    expect(shown).toContain('command:lipschitzLens.openLayer?');
    expect(shown).not.toContain('stale()');
  });

  it('says that a result is of another file, and that it is not whole', () => {
    const cancelled = report({ cancelled: { finished: 1, of: 9 } });
    const shown = describeModel('/models/net.onnx', resultOf({ report: cancelled, stale: true }), reader);
    expect(shown).toContain('cancelled(1 | 9)');
    expect(shown).toContain('stale()');
    expect(shown).toContain('[analyzeAgain()](command:lipschitzLens.analyze?');
  });

  it('shows a model without layers', () => {
    expect(describeModel('/a.onnx', resultOf({ report: report({ layers: [] }) }), reader)).toContain(
      'layers(0)',
    );
  });
});

describe('describeLayers', () => {
  it('says what is known of a layer', () => {
    const shown = unescaped(
      describeLayers([{ row: layer({ notes: ['A note.'] }), result: resultOf() }], reader),
    );
    expect(shown).toContain('**`conv1`** · Conv · 8×3×3×3');
    expect(shown).toContain('norm(2.5094 | scope(any input size | any) | certainty(certified))');
    expect(shown).toContain('rank(1.251 | 42%)');
    expect(shown).toContain('weight(`conv1.weight`)');
    expect(shown).toContain('model(`net.onnx` | 3 minutes ago)');
    expect(shown).toContain('A note.');
    const argument = encodeURIComponent(JSON.stringify([{ path: 'models/net.onnx', layer: 'conv1' }]));
    expect(shown).toContain(`(command:lipschitzLens.openLayer?${argument})`);
  });

  it('shows three, and counts the others', () => {
    const known = ['a', 'b', 'c', 'd'].map((name) => ({ row: layer({ name }), result: resultOf() }));
    const shown = describeLayers(known, reader);
    expect(shown).toContain('**`c`**');
    expect(shown).not.toContain('**`d`**');
    expect(shown).toContain('more(1)');
  });

  it('shows every row of a report, hostile ones in one line each', () => {
    for (const row of FULL.layers) {
      const shown = describeLayers([{ row, result: resultOf({ report: FULL }) }], reader);
      expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      if (row.lipschitz === null) expect(shown).toContain('noBound(');
    }
  });
});

describe("the user's language", () => {
  const bundle = {
    'method {0}': 'Verfahren {0}',
    'tolerance {0}': 'Toleranz {0}',
    'Its {0} is gone.': '{0} ist weg.',
  };
  const german: Reader = {
    ...reader,
    translate: translatorOf(bundle),
    numerals: numeralsOf('de'),
    locale: 'de',
  };
  const settings = { ...DEFAULT_SETTINGS, method: 'gram', tolerance: 0.01 } as const;
  const result = resultOf({ report: report({ settings }) });

  it('has its decimal sign, its age, and the sentences of the core', () => {
    const shown = unescaped(
      describeLayers([{ row: layer({ notes: ['Its "a.b" is gone.'] }), result }], german),
    );
    expect(shown).toContain('norm(2,5094 |');
    expect(shown).toContain('"a.b" ist weg.');
    expect(shown).toContain('settings(Verfahren gram, Toleranz 0,01)');
    expect(shown).toContain('vor 3 Minuten');
    const failed = layer({ lipschitz: null, error: 'net.onnx: Its "w" is gone.' });
    expect(unescaped(describeLayers([{ row: failed, result }], german))).toContain(
      'noBound(net.onnx: "w" ist weg.)',
    );
    expect(unescaped(describeModel('net.onnx', resultOf({ report: FULL }), german))).toContain(
      'largestNorm(316,23 |',
    );
  });

  it('is that of an inlay hint', () => {
    expect(layerHint([{ row: layer(), result }], german)).toMatch(
      /^hintOfSettings\(hint\(2,5094 \| 1,25.*gram, Toleranz 0,01\)$/,
    );
  });
});

describe('layerHint', () => {
  const known = (overrides: Parameters<typeof layer>[0], result: Partial<Result> = {}) => ({
    row: layer(overrides),
    result: resultOf(result),
  });

  it('is short, and says what is not certain', () => {
    expect(layerHint([known({})], reader)).toMatch(/^hint\(2\.5094 \| 1\.25/);
    expect(layerHint([known({}, { stale: true })], reader)).toMatch(/^hintStale\(/);
    const estimate = {
      lower: 1,
      upper: 2,
      certainty: 'estimate',
      scope: 'any input size',
      method: '',
    } as const;
    expect(layerHint([known({ lipschitz: estimate })], reader)).toMatch(/^hintOfCertainty\(.*estimate\)$/);
  });

  it('and a hover say which settings a result is of, where they are not the usual ones', () => {
    const report = { ...FULL, settings: { ...DEFAULT_SETTINGS, padding: 'circular' as const } };
    const other = known({}, { report });
    expect(layerHint([other], reader)).toMatch(/^hintOfSettings\(.*padding circular\)$/);
    expect(describeLayers([other], reader)).toContain('settings(padding circular)');
    expect(describeModel('net.onnx', other.result, reader)).toContain('settings(padding circular)');
    expect(describeLayers([known({})], reader)).not.toContain('settings(');
  });

  it('is none where candidates differ, where there is no bound, and without candidates', () => {
    const other = {
      lower: 1,
      upper: 1,
      certainty: 'certified',
      scope: 'any input size',
      method: '',
    } as const;
    expect(layerHint([known({}), known({ lipschitz: other })], reader)).toBeNull();
    expect(layerHint([known({}), known({})], reader)).not.toBeNull();
    expect(layerHint([known({ lipschitz: null, error: 'it failed' })], reader)).toBeNull();
    expect(layerHint([], reader)).toBeNull();
  });
});
