import { describe, expect, it } from 'vitest';
import { Folder } from '../../folder';
import { f32 } from '../../safetensors-builder';
import { layer, matrix, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

describe('recurrent weights', () => {
  it('divides an LSTM into its gates, in both directions', async () => {
    const model = await models.of({
      'lstm.weight_ih_l0': f32([8, 3]),
      'lstm.weight_hh_l0': f32([8, 2]),
      'lstm.bias_ih_l0': f32([8]),
      'lstm.bias_hh_l0': f32([8]),
      'lstm.weight_ih_l0_reverse': f32([8, 3]),
      'lstm.weight_hh_l0_reverse': f32([8, 2]),
      'lstm.bias_ih_l0_reverse': f32([8]),
    });
    expect(model.skipped).toEqual([]);
    expect(names(model)).toEqual(
      ['ih_l0', 'hh_l0', 'ih_l0_reverse', 'hh_l0_reverse'].flatMap((part) =>
        ['i', 'f', 'g', 'o'].map((gate) => `lstm.weight_${part}/${gate}`),
      ),
    );
    const forget = layer(model, 'lstm.weight_ih_l0/f');
    expect(forget).toMatchObject({
      op: 'LSTM',
      weight: 'lstm.weight_ih_l0',
      shape: [8, 3],
      parameters: 6,
      notes: [],
    });
    expect(matrix(forget)).toMatchObject({ rows: 2, columns: 3 });
    // Rows 2 and 3 of 8.
    expect([...(await matrix(forget).tensor.read())]).toEqual([7, -1, 2, -3, 4, -5]);
  });

  it('tells the kind from the shape of the state matrix', async () => {
    const model = await models.of({
      'gru.weight_ih': f32([6, 5]),
      'gru.weight_hh': f32([6, 2]),
      'rnn.weight_ih_l0': f32([3, 2]),
      'rnn.weight_hh_l0': f32([3, 3]),
      'projected.weight_ih_l0': f32([8, 3]),
      'projected.weight_hh_l0': f32([8, 1]),
      'projected.weight_hr_l0': f32([1, 2]),
    });
    expect(names(model)).toEqual([
      ...['gru.weight_ih', 'gru.weight_hh'].flatMap((name) =>
        ['r', 'z', 'n'].map((gate) => `${name}/${gate}`),
      ),
      'rnn.weight_ih_l0',
      'rnn.weight_hh_l0',
      ...['ih', 'hh'].flatMap((part) =>
        ['i', 'f', 'g', 'o'].map((gate) => `projected.weight_${part}_l0/${gate}`),
      ),
      'projected.weight_hr_l0',
    ]);
    expect(layer(model, 'gru.weight_ih/n').op).toBe('GRU');
    expect(layer(model, 'rnn.weight_hh_l0').op).toBe('RNN');
    expect(layer(model, 'projected.weight_hr_l0').op).toBe('LSTM');
  });

  it('takes one matrix where the gates cannot be told', async () => {
    const model = await models.of({
      'alone.weight_ih_l0': f32([8, 3]),
      'odd.weight_ih_l0': f32([4, 3]),
      'odd.weight_hh_l0': f32([4, 2]),
      'unequal.weight_ih_l0': f32([4, 3]),
      'unequal.weight_hh_l0': f32([8, 2]),
      'deep.weight_ih_l0': f32([8, 3, 2]),
    });
    expect(names(model)).toEqual([
      'alone.weight_ih_l0',
      'odd.weight_ih_l0',
      'odd.weight_hh_l0',
      'unequal.weight_ih_l0',
      ...['i', 'f', 'g', 'o'].map((gate) => `unequal.weight_hh_l0/${gate}`),
    ]);
    expect(layer(model, 'alone.weight_ih_l0').notes).toEqual([expect.stringContaining('number of gates')]);
    expect(Object.keys(reasons(model))).toEqual(['deep.weight_ih_l0']);
  });
});
