/** In a workspace that is not trusted, files are analysed on the CPU, whatever the settings say. */
import assert from 'node:assert/strict';
import { analyze, closeAll, sample, sessionOf } from './extension';

describe('analysis in an untrusted workspace', () => {
  after(closeAll);

  it('runs on the CPU', async () => {
    const uri = sample('golden_zoo.onnx');
    const report = await analyze(uri);
    assert.equal(report.settings.device, 'cpu');
    assert.equal(report.device.provider, 'cpu');
    assert.equal((await sessionOf(uri)).state.kind, 'finished');
  });
});
