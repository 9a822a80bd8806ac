/**
 * The structure of an ONNX file, read without the values of its tensors.
 *
 * The file is walked through a small buffer. What the schema knows is copied into a message of its own, the skeleton,
 * in which the values of a tensor are replaced by their place in the file; everything else is stepped over.
 */
import { t } from '@vscode/l10n';
import protobuf, { type Field, type Type } from 'protobufjs';
import { decodeModel, messageType, type ModelProto } from '../../schema/onnx';
import { LimitExceededError, MalformedFileError, TruncatedFileError, UnknownFormatError } from '../errors';
import type { RangeFile } from '../file';
import { MessageWriter } from './message-writer';
import { FileCursor, VarintError } from './file-cursor';

/** Messages in messages, the limit of the common readers of protocol buffers; a nested If takes three. */
const largestDepth = 100;
/**
 * Messages of the skeleton, and messages, strings and numbers together: they bound the memory that a hostile file can
 * ask for. A graph of 100,000 nodes with all its shapes, larger than any known, has 1.2 and 2.8 million.
 */
const largestMessageCount = 2 ** 21;
const largestPartCount = 2 ** 22;
/** One name, or one shape, bytes. Names in real files have a few hundred. */
const largestName = 2 ** 20;
/** All of the skeleton, bytes. Those of the largest language models take a few million. */
const largestSkeleton = 2 ** 28;
/**
 * Values of one attribute, bytes. Attributes of layers have a few numbers each; tables of decision trees and embedded
 * programs, which have more, are of no layer.
 */
const largestAttribute = 2 ** 20;
/** Fields of the schema from this number on are the reader's own: a file cannot set them. */
const ownFields = 10_000;

/** Wire types of protocol buffers. */
const wire = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

const scalarWireTypes: Readonly<Record<string, number>> = protobuf.types.basic;
const packable: Readonly<Record<string, number>> = protobuf.types.packed;

const tensorValues = new Set(['rawData', 'floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data']);
const attributeValues = new Set(['s', 'floats', 'ints', 'strings']);

/** A message that is being walked. */
interface Frame {
  readonly type: Type;
  readonly end: number;
  /** Where its length goes in the skeleton; null for the outermost message, which has none. */
  readonly mark: number | null;
  /** Attributes: bytes of values kept so far. */
  kept: number;
  /** Attributes: some values were left out. */
  elided: boolean;
  /** Tensors: single elements of one field that follow each other. */
  run: { readonly field: number; readonly offset: number; end: number } | null;
}

/**
 * The model with `place` in each tensor that has values in this file, and `elided` in each attribute that has too many
 * values to keep.
 * @throws UnknownFormatError where the file does not begin as an ONNX model does; TruncatedFileError,
 * MalformedFileError, LimitExceededError.
 */
export async function readSkeleton(file: RangeFile): Promise<ModelProto> {
  const bytes = await new Walk(file).skeleton();
  try {
    return decodeModel(bytes);
  } catch (error) {
    // The lengths are the walk's own by now; what can be wrong is the inside of a packed list.
    throw new MalformedFileError(file.path, t('a list of numbers in its graph is damaged'), { cause: error });
  }
}

class Walk {
  private readonly cursor: FileCursor;
  private readonly writer = new MessageWriter();
  private readonly frames: Frame[] = [];
  private messages = 0;
  private parts = 0;

  constructor(private readonly file: RangeFile) {
    this.cursor = new FileCursor(file);
  }

  async skeleton(): Promise<Uint8Array> {
    this.enter(messageType('ModelProto'), this.file.size, null);
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
      if (this.cursor.position === frame.end) {
        this.leave(frame);
      } else {
        await this.step(frame);
      }
    }
    return this.writer.finish();
  }

  /** One field of the innermost message. */
  private async step(frame: Frame): Promise<void> {
    await this.cursor.load(2 * FileCursor.longestVarint);
    const start = this.cursor.position;
    const tag = this.varint(frame);
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    const field = number < ownFields ? (frame.type.fieldsById[number] as Field | undefined) : undefined;
    if (number === 0 || number >= 2 ** 29) throw this.malformed(frame, start, t`there is no field ${number}`);
    if (field !== undefined && !accepts(field, wireType)) {
      throw this.malformed(frame, start, t`${nameOf(field)} cannot have the wire type ${wireType}`);
    }
    const length = this.contentLength(frame, wireType, start);
    const content = this.cursor.position;
    if (length > frame.end - content) {
      if (field === undefined && this.foundNothing()) throw this.unknownFormat();
      if (this.isOutermost()) {
        throw new TruncatedFileError(
          this.file.path,
          t`it is cut off: ${describe(field, frame)} takes ${length} bytes from byte ${content} on, but the file ends at byte ${frame.end}`,
        );
      }
      throw this.malformed(frame, start, t`${describe(field, frame)} is longer than the message around it`);
    }
    if (field === undefined) {
      this.cursor.position = content + length;
    } else if (field.resolvedType !== null) {
      this.writer.tag(number, wire.lengthDelimited);
      this.enter(field.resolvedType as Type, content + length, this.writer.beginLength());
    } else if (frame.type.name === 'TensorProto' && tensorValues.has(field.name)) {
      this.place(frame, number, wireType, start, length);
    } else if (frame.type.name === 'AttributeProto' && attributeValues.has(field.name)) {
      frame.kept += length;
      if (frame.kept > largestAttribute) {
        frame.elided = true;
        this.cursor.position = content + length;
      } else {
        await this.copy(field, wireType, length);
      }
    } else {
      if (length > largestName && wireType === wire.lengthDelimited) {
        throw new LimitExceededError(
          this.file.path,
          t`${nameOf(field)} takes ${length} bytes at byte ${content}, at most ${largestName} are read`,
        );
      }
      await this.copy(field, wireType, length);
    }
  }

  /** Bytes of a field's content; for a varint none are taken yet. */
  private contentLength(frame: Frame, wireType: number, start: number): number {
    switch (wireType) {
      case wire.varint: {
        const position = this.cursor.position;
        this.varint(frame);
        const length = this.cursor.position - position;
        this.cursor.position = position;
        return length;
      }
      case wire.fixed64:
        return 8;
      case wire.fixed32:
        return 4;
      case wire.lengthDelimited:
        return this.varint(frame);
      default:
        throw this.malformed(frame, start, t`${wireType} is no wire type of the format`);
    }
  }

  private varint(frame: Frame): number {
    const start = this.cursor.position;
    try {
      return this.cursor.varint(frame.end);
    } catch (error) {
      if (!(error instanceof VarintError)) throw error;
      if (error.cut && this.isOutermost()) {
        throw new TruncatedFileError(
          this.file.path,
          t`it is cut off in the middle of a field at byte ${start}`,
        );
      }
      throw this.malformed(frame, start, t('a number does not end'));
    }
  }

  private enter(type: Type, end: number, mark: number | null): void {
    if (this.frames.length === largestDepth) {
      throw new LimitExceededError(
        this.file.path,
        t`its graphs are nested deeper than ${largestDepth} messages`,
      );
    }
    this.countMessage();
    this.frames.push({ type, end, mark, kept: 0, elided: false, run: null });
  }

  private leave(frame: Frame): void {
    this.endRun(frame);
    if (frame.elided) {
      this.writer.tag(frame.type.fields['elided'].id, wire.varint);
      this.writer.varint(1);
    }
    if (frame.mark !== null) this.writer.endLength(frame.mark);
    this.frames.pop();
  }

  /** Copies the content of a scalar field, or of a list of them. */
  private async copy(field: Field, wireType: number, length: number): Promise<void> {
    const isList = field.repeated && wireType === wire.lengthDelimited && field.type in packable;
    // The numbers of a list take at least one byte each.
    this.count(isList ? length : 1);
    await this.cursor.load(length);
    this.writer.tag(field.id, wireType);
    if (wireType === wire.lengthDelimited) this.writer.varint(length);
    this.writer.bytes(this.cursor.take(length));
    if (this.writer.length > largestSkeleton)
      throw this.tooLarge(t`its graph has more than ${largestSkeleton} bytes (weights not counted)`);
  }

  /** Notes where values of a tensor are, and steps over them. */
  private place(frame: Frame, field: number, wireType: number, start: number, length: number): void {
    const content = this.cursor.position;
    this.cursor.position = content + length;
    if (wireType !== wire.lengthDelimited) {
      if (frame.run?.field !== field || frame.run.end !== start) {
        this.endRun(frame);
        frame.run = { field, offset: start, end: start };
      }
      frame.run.end = content + length;
      return;
    }
    this.endRun(frame);
    if (length > 0) this.writePlace(field, false, content, length);
  }

  private endRun(frame: Frame): void {
    if (frame.run === null) return;
    const { field, offset, end } = frame.run;
    frame.run = null;
    this.writePlace(field, true, offset, end - offset);
  }

  private writePlace(field: number, tagged: boolean, offset: number, length: number): void {
    this.countMessage();
    this.writer.tag(messageType('TensorProto').fields['place'].id, wire.lengthDelimited);
    const mark = this.writer.beginLength();
    const { fields } = messageType('Place');
    for (const [name, value] of Object.entries({ field, tagged: Number(tagged), offset, length })) {
      this.writer.tag(fields[name].id, wire.varint);
      this.writer.varint(value);
    }
    this.writer.endLength(mark);
  }

  private countMessage(): void {
    this.messages += 1;
    if (this.messages > largestMessageCount)
      throw this.tooLarge(t`its graph has more than ${largestMessageCount} messages (weights not counted)`);
    this.count(1);
  }

  private count(parts: number): void {
    this.parts += parts;
    if (this.parts > largestPartCount)
      throw this.tooLarge(t`its graph has more than ${largestPartCount} parts (weights not counted)`);
  }

  private tooLarge(sentence: string): LimitExceededError {
    return new LimitExceededError(this.file.path, sentence);
  }

  /** The message is the whole file: what ends too early was cut off. The ends of all others are known to fit. */
  private isOutermost(): boolean {
    return this.frames.length === 1;
  }

  private foundNothing(): boolean {
    return this.isOutermost() && this.writer.length === 0;
  }

  private unknownFormat(): UnknownFormatError {
    return new UnknownFormatError(this.file.path, t('it is no ONNX model'));
  }

  private malformed(frame: Frame, position: number, what: string): MalformedFileError | UnknownFormatError {
    if (this.foundNothing()) return this.unknownFormat();
    return new MalformedFileError(
      this.file.path,
      t`damaged at byte ${position}, in ${frame.type.name}: ${what}`,
    );
  }
}

function accepts(field: Field, wireType: number): boolean {
  const type = field.resolvedType === null ? scalarWireTypes[field.type] : wire.lengthDelimited;
  return wireType === type || (wireType === wire.lengthDelimited && field.repeated && field.type in packable);
}

function describe(field: Field | undefined, frame: Frame): string {
  return field === undefined ? t`a field of ${frame.type.name}` : nameOf(field);
}

/** The field's name in the format. */
function nameOf(field: Field): string {
  return field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
