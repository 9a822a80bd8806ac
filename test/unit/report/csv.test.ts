import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCsv } from '../../../src/report/csv';
import { printable } from '../../../src/report/text';
import { ADAPTERS, FULL, layer, report } from './sample';

/** A reader of RFC 4180, strict about everything. */
function parse(text: string): string[][] {
  const records: string[][] = [];
  let rest = text;
  while (rest !== '') {
    const record: string[] = [];
    for (let end = ','; end === ',';) {
      const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
      if (!match) throw new Error(`no field at ${JSON.stringify(rest.slice(0, 40))}`);
      record.push(match[1]?.replaceAll('""', '"') ?? match[2]);
      end = match[3];
      rest = rest.slice(match[0].length);
    }
    records.push(record);
  }
  return records;
}

function records(text: string): Record<string, string>[] {
  const [header, ...rows] = parse(text);
  return rows.map((row) => {
    expect(row).toHaveLength(header.length);
    return Object.fromEntries(header.map((column, index) => [column, row[index]]));
  });
}

describe('formatCsv', () => {
  const rows = records(formatCsv(FULL));

  it('has columns of adapters where there are adapters, in every record', () => {
    expect(Object.keys(rows[0])).not.toContain('adapter');
    const [full, ...updates] = records(formatCsv([FULL, ADAPTERS])).filter(({ layer: name }) =>
      ['features/conv1', ...ADAPTERS.layers.map((row) => row.name)].includes(name),
    );
    expect(Object.keys(full).slice(-2)).toEqual(['seconds', 'message']);
    expect(full).toMatchObject({ adapter: '', base_weight: '' });
    expect(updates[1]).toMatchObject({
      adapter: 'LoKr',
      adapter_rank: '',
      adapter_scale: '',
      base_weight: '',
    });
    expect(updates[0]).toMatchObject({
      adapter: 'LoRA, decomposed',
      adapter_rank: '16',
      adapter_scale: '2',
      energy_first_lower: '0.79921',
      energy_first_upper: '0.79923',
      base_weight: 'model.layers.0.self_attn.q_proj.weight',
      base_lower: '31.2',
      base_upper: '31.2001',
      base_certainty: 'certified',
      relative_lower: '0.0804',
      relative_upper: '0.0805',
      relative_certainty: 'certified',
      sum_lower: '31.3',
      sum_upper: '31.3001',
      sum_certainty: 'certified',
    });
    expect(updates[2]).toMatchObject({ base_upper: '0', relative_lower: '', sum_upper: '' });
  });

  it('has a record for each layer, group and skipped node', () => {
    expect(rows.map(({ status, layer: name }) => `${status} ${name}`)).toEqual([
      'ok features/conv1',
      'ok features/depthwise',
      'group features/depthwise',
      'group features/depthwise',
      'ok embed | table',
      'failed evil\ufffd[31m\ufffd\ufffdname',
      'ok 畳み込み層/重み',
      'ok zero',
      'skipped /attn/MatMul',
      'skipped /attn/MatMul_1',
      'skipped head',
    ]);
  });

  it('has exact numbers and the description of the layer', () => {
    expect(rows[0]).toMatchObject({
      model: 'models/net.onnx',
      operator: 'Conv',
      weight: 'features/conv1.weight',
      shape: '8x3x3x3',
      strides: '2x2',
      padding_mode: 'zeros',
      padding: '1 1 1 1',
      input_size: '224x224',
      certainty: 'certified',
      stable_rank: '1.2513',
      stable_rank_upper: '1.2514',
      message: '',
    });
    expect(Number(rows[0].lipschitz_upper)).toBe(FULL.layers[0].lipschitz?.upper);
    expect(rows[3]).toMatchObject({ group: '1', lipschitz_lower: '0.5', parameters: '' });
    expect(rows[4]).toMatchObject({ largest_row_norm: '3.25' });
  });

  it('says why there is no number', () => {
    expect(rows[5]).toMatchObject({ lipschitz_upper: '', message: FULL.layers[3].error });
    expect(rows[10]).toMatchObject({ weight: 'head.qweight', message: 'its weight is packed integers' });
    expect(rows[1].message).toBe(FULL.layers[1].notes.join('; '));
  });

  it('has one header for several reports', () => {
    const models = records(formatCsv([FULL, report({ model: { path: 'b', format: 'onnx', bytes: 1 } })]));
    expect(new Set(models.map(({ model }) => model))).toEqual(new Set(['models/net.onnx', 'b']));
  });

  it.each([
    ['=HYPERLINK("x")', `'=HYPERLINK("x")`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@SUM(A1)', `'@SUM(A1)`],
    [' =1', ' =1'],
    ['a=b', 'a=b'],
  ])('keeps a spreadsheet from running the name %s', (name, expected) => {
    expect(records(formatCsv(report({ layers: [layer({ name })] })))[0].layer).toBe(expected);
  });

  it('can be read back whatever the names', () => {
    const text = fc.string({
      unit: fc.constantFrom('"', ',', '\r', '\n', ' ', ';', 'a', '=', '\u001b', '層'),
    });
    fc.assert(
      fc.property(text, text, (name, weight) => {
        const [row] = records(formatCsv(report({ layers: [layer({ name, weight })] })));
        const expected = (value: string) => printable(value).replace(/^=/, "'=");
        expect([row.layer, row.weight]).toEqual([expected(name), expected(weight)]);
      }),
    );
  });
});
