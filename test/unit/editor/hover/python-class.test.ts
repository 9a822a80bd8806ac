import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignmentIn,
  classAt,
  findClasses,
  selfReferenceAt,
} from '../../../../src/editor/hover/python-class';

const NETWORK = `
import torch

class Block(nn.Module):
    """A block.

not the end of it
    """
    def __init__(self):
        self.conv1 = nn.Conv2d(
3, 8)
        self.bn: nn.Module = nn.BatchNorm2d(8)
        if self.conv1 == 3:
            pass

    class Inner:
        def __init__(self):
            self.inner = 1

    def build(self):
        self.late = 'class X: ('

def function(self):
    self.outside = 1

class Broken:
    def __init__(self:
        self.lost = (

class Next:
\tdef __init__(self):
\t\tself.next = 1
`.split('\n');

const lineOf = (text: string) => NETWORK.findIndex((line) => line.includes(text));
const attributesAt = (text: string) => [...(classAt(findClasses(NETWORK), lineOf(text))?.attributes ?? [])];

describe('findClasses', () => {
  it('finds what a class assigns, past strings, brackets and classes inside it', () => {
    expect(attributesAt('self.conv1 =')).toEqual(['conv1', 'bn', 'late']);
    expect(attributesAt('not the end of it')).toEqual(['conv1', 'bn', 'late']);
    expect(attributesAt('self.inner')).toEqual(['inner']);
  });

  it('ends a class where its indentation ends, a bracket left open or not', () => {
    expect(attributesAt('self.outside')).toEqual([]);
    expect(attributesAt('self.next')).toEqual(['next']);
  });

  it('never throws, and gives classes within the document', () => {
    const line = fc.array(
      fc.constantFrom('class A:', 'self.a = 1', '    ', '\t', '"""', "'", '(', ')', '#', 'def f():', '\\'),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(
        fc.array(
          line.map((parts) => parts.join('')),
          { maxLength: 30 },
        ),
        (lines) => {
          for (const { start, end } of findClasses(lines)) {
            expect(start).toBeLessThan(end);
            expect(end).toBeLessThanOrEqual(lines.length);
          }
        },
      ),
    );
  });
});

describe('selfReferenceAt', () => {
  const line = 'x = self.block[0].conv1.weight + myself.conv2';
  it.each([
    ['block', 'block'],
    ['[0]', 'block.0'],
    ['conv1', 'block.0.conv1'],
    ['weight', 'block.0.conv1.weight'],
  ])('goes up to the part under the pointer: %s', (part, path) => {
    const reference = selfReferenceAt(line, line.indexOf(part) + 1);
    expect(reference?.path).toBe(path);
    expect(line.slice(reference?.start, reference?.end)).toMatch(/^self\./);
  });

  it('is nothing on self, nor on another name', () => {
    expect(selfReferenceAt(line, line.indexOf('self') + 1)).toBeNull();
    expect(selfReferenceAt(line, line.indexOf('conv2') + 1)).toBeNull();
  });

  it('contains the position and never throws', () => {
    const text = fc
      .array(fc.constantFrom('self', '.', 'a', '[', '0', ']', ' ', 'é'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(60), (line, position) => {
        const reference = selfReferenceAt(line, position);
        if (reference === null) return;
        expect(reference.start).toBeLessThanOrEqual(position);
        expect(position).toBeLessThanOrEqual(reference.end);
      }),
    );
  });
});

describe('assignmentIn', () => {
  it('is where the attribute ends', () => {
    expect(assignmentIn('    self.conv1: nn.Module = f()')).toEqual({ path: 'conv1', start: 4, end: 14 });
    expect(assignmentIn('  self.conv1 == 3')).toBeNull();
    expect(assignmentIn('  self.conv1.bias = None')).toBeNull();
  });
});
