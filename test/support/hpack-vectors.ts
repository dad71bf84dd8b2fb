import type { Field } from './h2-frames.js';

export interface HpackExample {
  readonly hex: string;
  readonly fields: readonly Field[];
}

const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const CUSTOM: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];
const FIRST_DATE = 'Mon, 21 Oct 2013 20:13:21 GMT';
const FOUND: readonly Field[] = [
  [':status', '302'],
  ['cache-control', 'private'],
  ['date', FIRST_DATE],
  ['location', 'https://www.example.com'],
];
const REDIRECTED: readonly Field[] = [[':status', '307'], ...FOUND.slice(1)];
const COOKIE: readonly Field[] = [
  [':status', '200'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
  ['location', 'https://www.example.com'],
  ['content-encoding', 'gzip'],
  ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
];

/** RFC 7541 appendix C.2: each is a block of its own. */
export const SINGLE_FIELDS: readonly HpackExample[] = [
  { hex: '400a637573746f6d2d6b65790d637573746f6d2d686561646572', fields: [['custom-key', 'custom-header']] },
  { hex: '040c2f73616d706c652f70617468', fields: [[':path', '/sample/path']] },
  { hex: '100870617373776f726406736563726574', fields: [['password', 'secret']] },
  { hex: '82', fields: [[':method', 'GET']] },
];

/** The rest of appendix C: blocks of one connection, in their order. */
export const SEQUENCES = {
  'C.3, requests': {
    tableSize: 4096,
    blocks: [
      { hex: '828684410f7777772e6578616d706c652e636f6d', fields: GET },
      { hex: '828684be58086e6f2d6361636865', fields: [...GET, ['cache-control', 'no-cache']] },
      { hex: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', fields: CUSTOM },
    ],
  },
  'C.4, requests in Huffman code': {
    tableSize: 4096,
    blocks: [
      { hex: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: GET },
      { hex: '828684be5886a8eb10649cbf', fields: [...GET, ['cache-control', 'no-cache']] },
      { hex: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: CUSTOM },
    ],
  },
  'C.5, responses': {
    tableSize: 256,
    blocks: [
      {
        hex:
          '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        fields: FOUND,
      },
      { hex: '4803333037c1c0bf', fields: REDIRECTED },
      {
        hex:
          '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f' +
          '50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        fields: COOKIE,
      },
    ],
  },
  'C.6, responses in Huffman code': {
    tableSize: 256,
    blocks: [
      {
        hex: '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        fields: FOUND,
      },
      { hex: '4883640effc1c0bf', fields: REDIRECTED },
      {
        hex:
          '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5' +
          '291f9587316065c003ed4ee5b1063d5007',
        fields: COOKIE,
      },
    ],
  },
} as const satisfies Record<string, { readonly tableSize: number; readonly blocks: readonly HpackExample[] }>;
