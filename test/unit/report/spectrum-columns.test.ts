import { describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../../src/report/markdown';
import { formatSarif } from '../../../src/report/sarif';
import { describeSpectrum, sparkline } from '../../../src/report/spectrum-columns';
import { formatTable } from '../../../src/report/table';
import { cellWidth } from '../../../src/report/text';
import { layer, report, spectrum } from './sample';

const ESTIMATE = spectrum({
  kind: 'estimate',
  count: 4096,
  values: null,
  histogram: { edges: [1, 2, 3], counts: [12.4, 4000], zeros: 0.2 },
});
const FOUND = report({
  layers: [
    layer({ name: 'fc | 1', spectrum: spectrum() }),
    layer({ name: 'fc2', spectrum: ESTIMATE }),
    layer({ name: 'norm', spectrum: null, notes: ['no singular values: it has none'] }),
  ],
});

describe('the columns of a spectrum', () => {
  it('are its ends, its median, and how many values there are', () => {
    expect(describeSpectrum(spectrum())).toEqual({
      ...{ largest: '4.0000', median: '2.0000', smallest: '0', values: '5, 1 zero', histogram: '▃█' },
      kind: 'exact',
    });
    expect(describeSpectrum(ESTIMATE)).toMatchObject({ values: '4096', histogram: '▁█', kind: 'estimate' });
    expect(describeSpectrum(spectrum({ histogram: null })).histogram).toBe('');
  });

  it('draw bins together where there are many, and a blank where there is nothing', () => {
    const counts = Array.from({ length: 40 }, (_, i) => (i < 2 ? 0 : i));
    expect(sparkline({ counts })).toHaveLength(20);
    expect(sparkline({ counts })).toMatch(/^ ▁.*█$/);
  });

  it('stand in a table of their own', () => {
    for (const width of [80, 100]) {
      const lines = formatTable(FOUND, { width, color: false }).split('\n');
      expect(lines).toContain('singular values  largest  median  smallest  values     histogram  kind');
      expect(lines).toContain('fc | 1           4.0000   2.0000  0         5, 1 zero  ▃█         exact');
      expect(lines).toContain('fc2              4.0000   2.0000  0         4096       ▁█         estimate');
      expect(Math.max(...lines.map(cellWidth))).toBeLessThanOrEqual(width);
    }
    expect(formatTable(report(), { width: 100, color: false })).not.toContain('singular values');
  });

  it('stand in a table of Markdown, names as text', () => {
    expect(formatMarkdown(FOUND)).toContain(`
| Layer | Largest | Median | Smallest | Values | Histogram | Kind |
| --- | ---: | ---: | ---: | ---: | --- | --- |
| \`fc \\| 1\` | 4.0000 | 2.0000 | 0 | 5, 1 zero | \`▃█\` | exact |
`);
    expect(formatMarkdown(report())).not.toContain('Singular values');
  });

  it('have no place in SARIF', () => {
    const options = {
      version: '1.0.0',
      limit: 0,
      networkLimit: 0,
      refusals: [],
      uriOf: (path: string) => path,
    };
    expect(formatSarif([FOUND], options)).not.toContain('spectrum');
  });
});
