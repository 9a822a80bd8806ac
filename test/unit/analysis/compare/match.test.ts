import { describe, expect, it } from 'vitest';
import {
  type Candidate,
  matchingSteps,
  matchLayers,
  type Side,
} from '../../../../src/analysis/compare/match';

interface Drawn extends Partial<Candidate> {
  readonly weight: string;
}

function side(format: Side['format'], layers: readonly Drawn[]): Side {
  return {
    format,
    layers: layers.map(({ weight, ...rest }, index) => ({
      name: format === 'onnx' ? `node ${index} of ${weight}` : weight.replace(/\.weight$/, ''),
      op: format === 'onnx' ? 'Gemm' : 'Linear',
      weight,
      signature: '4x4',
      identity: `${index}`,
      ...rest,
    })),
  };
}

const tensors = (...weights: string[]) =>
  side(
    'safetensors',
    weights.map((weight) => ({ weight })),
  );

/** The matches as `a b by` with the weights' names. */
function matched(a: Side, b: Side): string[] {
  return matchLayers(a, b).map(
    (match) => `${a.layers[match.a].weight} ${b.layers[match.b].weight} ${match.by}`,
  );
}

describe('matchLayers', () => {
  it('takes equal names first, in any order of the files', () => {
    expect(matched(tensors('a.weight', 'b.weight', 'c.weight'), tensors('c.weight', 'b.weight'))).toEqual([
      'b.weight b.weight name',
      'c.weight c.weight name',
    ]);
  });

  it('never matches different shapes, whatever their names', () => {
    const a = side('safetensors', [{ weight: 'fc.weight', signature: '4x4' }]);
    const b = side('safetensors', [{ weight: 'fc.weight', signature: '4x5' }]);
    expect(matched(a, b)).toEqual([]);
  });

  it.each([
    ['module.', ''],
    ['', 'model.'],
    ['_orig_mod.', 'module.'],
    ['student.', 'teacher.'],
    ['model.language_model.', 'model.'],
    ['base_model.model.', 'encoder.module.'],
  ])('leaves out prefixes: %j for %j', (from, to) => {
    const names = ['layers.0.fc.weight', 'layers.1.fc.weight', 'layers.1.out.weight'];
    const found = matched(
      tensors(...names.map((name) => from + name)),
      tensors(...names.toReversed().map((name) => to + name)),
    );
    expect(found).toEqual(names.map((name) => `${from}${name} ${to}${name} prefix`));
  });

  it('leaves out wrappers inside of names', () => {
    expect(matched(tensors('layers.0._orig_mod.fc.weight'), tensors('layers.0.fc.weight'))).toEqual([
      'layers.0._orig_mod.fc.weight layers.0.fc.weight prefix',
    ]);
  });

  it('does not take one name that ends alike for a renamed prefix', () => {
    const a = tensors('encoder.0.fc.weight', 'encoder.1.in.weight');
    const b = tensors('head.0.fc.weight', 'tail.1.in.weight');
    expect(matched(a, b)).toEqual([]);
  });

  it('matches a base model with the one that has a head', () => {
    const a = tensors('model.layers.0.q.weight', 'lm_head.weight');
    const b = tensors('layers.0.q.weight');
    expect(matched(a, b)).toEqual(['model.layers.0.q.weight layers.0.q.weight prefix']);
  });

  it('finds the module of a weight that an exporter numbered by the path of its node', () => {
    const a = side('onnx', [
      { weight: 'onnx::MatMul_71', name: '/encoder/encoder.0/attn/q/MatMul', op: 'MatMul' },
      { weight: 'onnx::MatMul_75', name: '/encoder/encoder.0/attn/k/MatMul', op: 'MatMul' },
    ]);
    const b = tensors('bert.encoder.0.attn.k.weight', 'bert.encoder.0.attn.q.weight');
    expect(matched(a, b)).toEqual([
      'onnx::MatMul_71 bert.encoder.0.attn.q.weight prefix',
      'onnx::MatMul_75 bert.encoder.0.attn.k.weight prefix',
    ]);
  });

  it('does not trust numbers of exporters: order decides', () => {
    const of = (...numbers: number[]) =>
      side(
        'onnx',
        numbers.map((number, i) => ({ weight: `onnx::MatMul_${number}`, name: `MatMul_${i + number}` })),
      );
    expect(matched(of(10, 11, 12), of(11, 12, 13))).toEqual([
      'onnx::MatMul_10 onnx::MatMul_11 position',
      'onnx::MatMul_11 onnx::MatMul_12 position',
      'onnx::MatMul_12 onnx::MatMul_13 position',
    ]);
  });

  it('leaves what has no place alone: one more of a kind between the same neighbours', () => {
    const a = side('onnx', [{ weight: 'a' }, { weight: '1' }, { weight: 'z' }, { weight: '2' }]);
    const b = side('onnx', [
      { weight: 'a' },
      { weight: '5' },
      { weight: '6' },
      { weight: 'z' },
      { weight: '7' },
    ]);
    expect(matched(a, b)).toEqual(['a a name', 'z z name', '2 7 position']);
  });

  it('takes the only one of its shape wherever it is', () => {
    const a = side('onnx', [{ weight: '1', signature: '2x3' }, { weight: 'a' }]);
    const b = side('onnx', [{ weight: 'a' }, { weight: '9', signature: '2x3' }]);
    expect(matched(a, b)).toEqual(['1 9 position', 'a a name']);
  });

  it('orders tensors by the numbers in their names, and not at all where these differ otherwise', () => {
    const network = side(
      'onnx',
      Array.from({ length: 11 }, (_, i) => ({ weight: `${i}` })),
    );
    const sorted = [...Array(11).keys()].map((i) => `layers.${i}.weight`).sort();
    expect(matched(network, tensors(...sorted))[10]).toBe('10 layers.10.weight position');
    const two = side('onnx', [{ weight: '1' }, { weight: '2' }]);
    expect(matched(two, tensors('key.weight', 'query.weight'))).toEqual([]);
  });

  it('tells the gates of a recurrent layer by their letters, which differ between the formats', () => {
    const onnx = side(
      'onnx',
      ['W.i', 'W.o', 'W.f', 'W.c', 'R.i', 'R.o', 'R.f', 'R.c'].map((gate) => ({
        weight: gate.startsWith('W') ? 'onnx::LSTM_1' : 'onnx::LSTM_2',
        name: `LSTM_3/${gate}`,
        op: 'LSTM',
      })),
    );
    const pytorch = side(
      'safetensors',
      ['ih', 'hh'].flatMap((matrix) =>
        ['i', 'f', 'g', 'o'].map((gate) => ({
          weight: `lstm.weight_${matrix}_l0`,
          name: `lstm.weight_${matrix}_l0/${gate}`,
          op: 'LSTM',
        })),
      ),
    );
    const pairs = matchLayers(onnx, pytorch).map(
      ({ a, b }) => `${onnx.layers[a].name.slice(7)} ${pytorch.layers[b].name.slice(12)}`,
    );
    expect(pairs).toEqual([
      ...['W.i ih_l0/i', 'W.o ih_l0/o', 'W.f ih_l0/f', 'W.c ih_l0/g'],
      ...['R.i hh_l0/i', 'R.o hh_l0/o', 'R.f hh_l0/f', 'R.c hh_l0/g'],
    ]);
  });

  it('gives every use of a weight its counterpart', () => {
    const a = side('onnx', [
      { weight: 'w', identity: 'same' },
      { weight: 'w', identity: 'same' },
    ]);
    expect(matchLayers(a, tensors('w'))).toEqual([
      { a: 0, b: 0, by: 'name' },
      { a: 1, b: 0, by: 'name' },
    ]);
  });

  it('is quick with many layers and long names', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `${'x.'.repeat(8)}${i}.${'y'.repeat(50)}.weight`);
    const begun = performance.now();
    expect(matchLayers(tensors(...names.map((name) => `a.b.${name}`)), tensors(...names))).toHaveLength(
      20_000,
    );
    const hostile = tensors('.'.repeat(10_000), '/'.repeat(10_000), `${'a.'.repeat(5_000)}b`);
    expect(matchLayers(hostile, tensors(`${'a.'.repeat(5_001)}b`))).toHaveLength(0);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

it('pauses often where there are many layers', () => {
  const many = tensors(...Array.from({ length: 5_000 }, (_, i) => `layers.${i}.weight`));
  const steps = matchingSteps(many, many);
  let pauses = 0;
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      expect(value).toHaveLength(5_000);
      break;
    }
    pauses++;
  }
  expect(pauses).toBeGreaterThan(50);
});
