/** Ratios of a run that others are compared with. */
export interface RecordedRatios {
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly date: string;
  /** CPU of a request by model, beside a bare echo of the same run. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** The ratio of one run wanders by a tenth. */
const WORSE = 1.15;
/** No machine explains this. */
const MUCH_WORSE = 1.4;

export type Change = 'as good' | 'worse' | 'much worse';

/** What became of a ratio; as good where nothing was recorded. */
export function changeOf(ratio: number, recorded: number | undefined): Change {
  const growth = ratio / (recorded ?? ratio);
  if (growth > MUCH_WORSE) return 'much worse';
  return growth > WORSE ? 'worse' : 'as good';
}
