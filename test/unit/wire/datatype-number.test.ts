import { describe, expect, it } from '@jest/globals';
import { DataType } from '../../../src/gen/inference/model_config.js';
import { Datatype as MillraceDatatype } from '../../../src/gen/millrace/v1/tensor.js';
import { DATATYPES } from '../../../src/tensor/datatype.js';
import { datatypeOfNumber, numberOfDatatype } from '../../../src/wire/datatype-number.js';

describe('numbers of datatypes', () => {
  it.each(DATATYPES)('are those of both protos for %s', (datatype) => {
    const number = numberOfDatatype(datatype);
    expect(MillraceDatatype[`DATATYPE_${datatype}`]).toBe(number);
    const oipNumber = datatype === 'BYTES' ? DataType.TYPE_STRING : DataType[`TYPE_${datatype}`];
    expect(oipNumber).toBe(number);
    expect(datatypeOfNumber(number)).toBe(datatype);
  });

  it('are none for the unspecified and the unheard of', () => {
    for (const number of [0, -1, 15, 1e9]) expect(datatypeOfNumber(number)).toBeUndefined();
  });
});
