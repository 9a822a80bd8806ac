/** An analysis without a report. The message is one sentence that names the file. */
export class AnalysisFailure extends Error {
  constructor(
    sentence: string,
    /** The file is at fault, not the program. */
    readonly refusal: boolean,
  ) {
    super(sentence);
    this.name = 'AnalysisFailure';
  }
}
