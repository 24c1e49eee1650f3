import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { Metadata, Text, Title } from '../../src/protocol/text.ts'

describe('text', () => {
  test.each([
    ['plain', 'plain'],
    ['a\tb\nc\r\nd', 'a\tb\nc\r\nd'],
    ['a\u0000b\u0007c\u001bd\u007fe\u0085f', 'abcdef'],
    ['\ud800', '\ufffd'],
    ['\udc00\ud83d\ude00', '\ufffd\ud83d\ude00'],
    ['<script>&amp;', '<script>&amp;'],
    ['', ''],
  ])('%p is taken as %p', (given, taken) => {
    expect(v.parse(Text, given)).toBe(taken)
  })

  test.each([
    ['x', 65_536],
    ['ü', 32_768],
    ['語', 21_845],
    ['😀', 16_384],
  ])('of %s is at most 64 KiB of UTF-8', (letter, most) => {
    expect(v.is(Text, letter.repeat(most))).toBe(true)
    expect(v.is(Text, letter.repeat(most + 1))).toBe(false)
  })
})

describe('a title', () => {
  test('is cleaned like text, and at most 256 characters', () => {
    expect(v.parse(Title, 'a\u0000b')).toBe('ab')
    expect([v.is(Title, 'x'.repeat(256)), v.is(Title, 'x'.repeat(257))]).toEqual([true, false])
  })
})

describe('metadata', () => {
  test('is JSON as it came, up to 16 KiB', () => {
    const data = { a: [1, null, { b: 'ü' }], toString: 1, '': 2 }
    expect(v.parse(Metadata, data)).toEqual(data)
    expect([v.is(Metadata, { a: 'x'.repeat(16_376) }), v.is(Metadata, { a: 'x'.repeat(16_377) })]).toEqual([
      true,
      false,
    ])
  })

  test('is counted in bytes of UTF-8', () => {
    expect([v.is(Metadata, { a: 'ü'.repeat(8_188) }), v.is(Metadata, { a: 'ü'.repeat(8_189) })]).toEqual([true, false])
  })

  test('is refused where it is no JSON', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const data of [circle, { a: 1n }, 'x', null, 7]) expect(v.is(Metadata, data)).toBe(false)
  })

  test('gives nothing a prototype', () => {
    const taken = v.parse(Metadata, JSON.parse('{"__proto__": {"admin": true}, "a": 1}'))
    expect(['admin' in taken, 'admin' in {}]).toEqual([false, false])
  })
})
