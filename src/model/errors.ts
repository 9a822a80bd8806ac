/** Every way in which a model file can be refused. The message is one sentence that names the file and the part. */
export abstract class ModelError extends Error {
  /** Path of the file at fault. */
  readonly file: string;

  constructor(file: string, sentence: string, options?: ErrorOptions) {
    super(`${file}: ${sentence}`, options);
    this.name = new.target.name;
    this.file = file;
  }
}

/** What is wrong with something, as a sentence around its name: where a name stands differs between languages. */
export type Clause = (it: string) => string;

/** The file, or a file it refers to, does not exist or cannot be read. */
export class UnreadableFileError extends ModelError {}
/** The file is of no kind that can be analysed, or its content is not what its name says. */
export class UnknownFormatError extends ModelError {}
/** The file is a Git LFS pointer: the real content has not been fetched. */
export class GitLfsPointerError extends ModelError {}
/** The file ends before the content that it announces. */
export class TruncatedFileError extends ModelError {}
/** The file breaks the rules of its format. */
export class MalformedFileError extends ModelError {}
/** A tensor's shape, element type and span do not fit together. */
export class InvalidTensorError extends ModelError {}
/** A reference would leave the model's folder. */
export class UnsafePathError extends ModelError {}
/** Nodes or functions of the graph depend on themselves. */
export class CyclicGraphError extends ModelError {}
/** The content is larger than what any real model needs: refused rather than read. */
export class LimitExceededError extends ModelError {}
