import { ConnectionError, ERROR_CODE, frameSizeError, protocolError } from './error-code.js';
import { DEFAULT_MAX_FRAME_BYTES, MAX_WINDOW, readUint32 } from './frame.js';

/** RFC 9113 section 6.5.2. */
export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

const ENTRY_BYTES = 6;
const MAX_MAX_FRAME_SIZE = 2 ** 24 - 1;

/** What a peer's SETTINGS frame asks of us; undefined what it does not mention. */
export interface PeerSettings {
  headerTableSize: number | undefined;
  /** The smallest of several in the same frame: the table has been as small in between, and our encoder has to say so (RFC 7541 section 4.2). */
  lowestHeaderTableSize: number | undefined;
  initialWindow: number | undefined;
  maxFrameBytes: number | undefined;
}

/**
 * Reads the payload of a SETTINGS frame. Of a setting that is there several times the last counts, so that a frame costs no more than its bytes.
 * Values that RFC 9113 section 6.5.2 does not allow throw; settings that do not concern a server are left out.
 */
export function readSettings(bytes: Uint8Array, start: number, end: number): PeerSettings {
  if ((end - start) % ENTRY_BYTES !== 0) throw frameSizeError('a SETTINGS frame has a part of a setting');
  const settings: PeerSettings = {
    headerTableSize: undefined,
    lowestHeaderTableSize: undefined,
    initialWindow: undefined,
    maxFrameBytes: undefined,
  };
  for (let at = start; at < end; at += ENTRY_BYTES) {
    const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const value = readUint32(bytes, at + 2);
    assertSetting(id, value);
    take(settings, id, value);
  }
  return settings;
}

function take(settings: PeerSettings, id: number, value: number): void {
  switch (id) {
    case SETTING.HEADER_TABLE_SIZE:
      settings.headerTableSize = value;
      settings.lowestHeaderTableSize = Math.min(value, settings.lowestHeaderTableSize ?? value);
      return;
    case SETTING.INITIAL_WINDOW_SIZE:
      settings.initialWindow = value;
      return;
    case SETTING.MAX_FRAME_SIZE:
      settings.maxFrameBytes = value;
  }
}

function assertSetting(id: number, value: number): void {
  switch (id) {
    case SETTING.ENABLE_PUSH:
      if (value > 1) throw protocolError(`SETTINGS_ENABLE_PUSH is ${value}, expected 0 or 1`);
      return;
    case SETTING.INITIAL_WINDOW_SIZE:
      if (value > MAX_WINDOW)
        throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}, over ${MAX_WINDOW}`);
      return;
    case SETTING.MAX_FRAME_SIZE:
      if (value < DEFAULT_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_SIZE) {
        throw protocolError(`SETTINGS_MAX_FRAME_SIZE is ${value}, expected ${DEFAULT_MAX_FRAME_BYTES} to ${MAX_MAX_FRAME_SIZE}`);
      }
  }
}

/** The payload of a SETTINGS frame. */
export function formatSettings(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES);
  for (const [index, [id, value]] of entries.entries()) {
    bytes.writeUInt16BE(id, index * ENTRY_BYTES);
    bytes.writeUInt32BE(value, index * ENTRY_BYTES + 2);
  }
  return bytes;
}
