/** The same weights inside of an ONNX file and beside it. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../../src/report/report';
import { DataLocation, encodeModel, type TensorProto } from '../../../src/schema/onnx';
import { Folder } from '../folder';
import { root } from '../product';
import { analyze } from './analyze';
import { decodeFile } from './graph';

const folder = new Folder();
const inline = join(root, 'test/fixtures/golden/golden_zoo.onnx');

/** Without what may differ: where the model is, how large it is and how long it took. */
function table({ layers, skipped }: Report): unknown {
  return { layers: layers.map((row) => ({ ...row, seconds: 0 })), skipped };
}

it('has the same table with its weights in another file', async () => {
  const { graph = {}, ...model } = decodeFile(inline);
  const data: Uint8Array[] = [];
  let end = 0;
  const moved = (graph.initializer ?? []).map((tensor): TensorProto => {
    const { rawData, ...rest } = tensor;
    if (!rawData) return tensor;
    // Tensors that a page can map begin where one does; the last byte of the file is not padded.
    const offset = Math.ceil(end / 4096) * 4096;
    data.push(new Uint8Array(offset - end), rawData);
    end = offset + rawData.length;
    const externalData = Object.entries({ location: 'weights/zoo.data', offset, length: rawData.length }).map(
      ([key, value]) => ({ key, value: String(value) }),
    );
    return { ...rest, dataLocation: DataLocation.EXTERNAL, externalData };
  });
  expect(data.length).toBeGreaterThan(34);
  const twin = await folder.write(
    'zoo.onnx',
    encodeModel({ ...model, graph: { ...graph, initializer: moved } }),
  );
  await folder.write('weights/zoo.data', Buffer.concat(data));

  const [here, there] = [await analyze(inline), await analyze(twin)];
  expect(table(there)).toEqual(table(here));
  expect(here.layers).toHaveLength(34);
  expect(there.model.bytes).toBeGreaterThan(end);
});
