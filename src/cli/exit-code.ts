/** What the program's end says, most serious first where several hold. */
export const EXIT = {
  /** By Ctrl-C or SIGTERM: 128 plus the number of SIGINT, as shells count. */
  cancelled: 130,
  usage: 2,
  /** A file cannot be analysed, or the result cannot be written. */
  failed: 3,
  layerFailed: 4,
  overBudget: 1,
  done: 0,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes, the first that holds:
  130  cancelled by Ctrl-C or SIGTERM; the finished layers are printed
    2  usage, or no layer matches --layers
    3  a file cannot be analysed (the others are), its network cannot be judged where
       --fail-network-above is given, or the result cannot be written
    4  a layer has no bound
    1  a layer's upper bound is above --fail-above, or the network's is above
       --fail-network-above or not known
    0  none of these`;

export const COMPARISON_EXIT_HELP = `Exit codes, the first that holds:
  130  cancelled by Ctrl-C or SIGTERM; the finished pairs are printed
    2  usage, or no layer matches --layers
    3  a file cannot be analysed, or the result cannot be written
    4  a layer, or the difference of a pair, has no bound
    0  none of these`;

export const SERIES_EXIT_HELP = `Exit codes, the first that holds:
  130  cancelled by Ctrl-C or SIGTERM; the finished checkpoints are printed
    2  usage, or no layer matches --layers
    3  a checkpoint cannot be analysed (the others are), or the result cannot be written
    4  a layer has no bound
    0  none of these`;
