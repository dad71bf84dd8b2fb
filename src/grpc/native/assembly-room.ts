/** What a connection finds that wants to hold more. */
export interface Holdings {
  readonly freeBytes: number;
  /** By the connection itself. */
  readonly heldBytes: number;
  /** By the one that holds the most. */
  readonly largestBytes: number;
}

export type RoomStep = 'hold' | 'evict' | 'refuse';

/**
 * What is to be done so that a connection may hold so many bytes more. While there is room anybody may have it, since what nobody needs is best used; where
 * there is none, it is taken from the connection that holds the most, unless that would then be the one that asks. So each of n connections can count on an
 * nth part, however early the others came and however little they send of what they began; with fixed parts, some few would hold everything for ever.
 */
export function nextRoomStep({ freeBytes, heldBytes, largestBytes }: Holdings, bytes: number): RoomStep {
  if (bytes <= freeBytes) return 'hold';
  return largestBytes > heldBytes + bytes ? 'evict' : 'refuse';
}
