import { describe, expect, it } from 'vitest';
import { shortDigest, shortImage, shortImages, versionOf } from './images';

const sha = (letter: string) => `sha256:${letter.repeat(64)}`;

describe('a changed image', () => {
  it('is told by its version where the name stayed', () => {
    expect(shortImages('nextcloud:29', 'nextcloud:30')).toEqual(['29', '30']);
    expect(shortImages('reg.example:5000/a/b:1', 'reg.example:5000/a/b:2')).toEqual(['1', '2']);
  });

  it('is told whole where the name changed, or has no version', () => {
    expect(shortImages('mysql:8', 'mariadb:11')).toEqual(['mysql:8', 'mariadb:11']);
    expect(shortImages('reg.example:5000/a', 'reg.example:5000/a')).toEqual([
      'reg.example:5000/a',
      'reg.example:5000/a',
    ]);
  });

  it('is told by the beginning of a digest', () => {
    expect(shortImages(`nextcloud@${sha('a')}`, `nextcloud@${sha('b')}`)).toEqual(['a'.repeat(12), 'b'.repeat(12)]);
  });
});

describe('an image', () => {
  it('keeps its name and loses most of its digest', () => {
    expect(shortImage(`a/b:1@${sha('c')}`)).toBe(`a/b:1@${'c'.repeat(12)}`);
    expect(shortImage('a/b:1')).toBe('a/b:1');
  });

  it('has a short digest, with or without a name before it', () => {
    expect(shortDigest(`a/b@${sha('d')}`)).toBe('d'.repeat(12));
    expect(shortDigest(sha('e'))).toBe('e'.repeat(12));
    expect(shortDigest('none')).toBe('none');
  });

  it('has a version, or is called by its name', () => {
    expect(versionOf('reg.example:5000/shop:1.2.4')).toBe('1.2.4');
    expect(versionOf(`shop@${sha('f')}`)).toBe('f'.repeat(12));
    expect(versionOf('reg.example:5000/shop')).toBe('reg.example:5000/shop');
  });
});
