/** Shapes of the outputs of an operation from those of its inputs. Never a wrong one: what is not certain is null. */
import { Unfit } from './attributes';
import { operatorOf, type Operation } from './program';
import { elementwiseShapes } from './shapes/elementwise';
import { layoutShapes } from './shapes/layout';
import { productShapes } from './shapes/products';
import { nothing, type Known, type ShapeRule, type Shapes } from './shapes/rule';
import { windowShapes } from './shapes/windows';

const rules = new Map<string, ShapeRule>(
  Object.entries({ ...elementwiseShapes, ...windowShapes, ...layoutShapes, ...productShapes }),
);

/** Operators of unknown kinds, and inputs that contradict them, give nothing. */
export async function inferShapes(operation: Operation, known: Known): Promise<Shapes> {
  try {
    return (await rules.get(operatorOf(operation))?.(operation, known)) ?? nothing;
  } catch (error) {
    if (error instanceof Unfit) return nothing;
    throw error;
  }
}
