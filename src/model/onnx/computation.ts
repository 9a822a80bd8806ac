import type { Layer } from '../model';
import type { Facts, InputShapes } from './facts';
import type { Operation, Program, Value } from './program';

/** What an ONNX model computes: its operations, what is known of their values, and which of them are layers. */
export interface Computation {
  readonly program: Program;
  readonly facts: Facts;
  readonly layers: ReadonlyMap<Operation, readonly OperationLayer[]>;
  /** What is known of the values where the inputs have the given shapes. To be called before the model is closed. */
  factsFor(inputShapes: InputShapes): Promise<Facts>;
}

export interface OperationLayer {
  readonly layer: Layer;
  /** What the layer's name has behind that of the operation: '' where it is the operation's only one. */
  readonly suffix: string;
  /** What a convolution is applied to: its input, or that of a Pad node in front of it which is part of the layer. */
  readonly source: Value | null;
}
