/** References of images, as short as they can be told apart. */

/** Two references of one image by what differs: their tags or digests. Different images stay whole. */
export function shortImages(from: string, to: string): [string, string] {
  const [fromName, fromVersion] = splitImage(from);
  const [toName, toVersion] = splitImage(to);
  return fromName === toName && fromVersion && toVersion
    ? [shortDigest(fromVersion), shortDigest(toVersion)]
    : [shortImage(from), shortImage(to)];
}

/** A reference with its digest, if it has one, cut to what can be told apart: `shop@4f2a9c81d0b3`. */
export function shortImage(image: string): string {
  return image.replace(/sha256:([0-9a-f]{12})[0-9a-f]+/i, '$1');
}

/** The beginning of a digest or an image id, whatever stands before it; anything else as it is. */
export function shortDigest(digest: string): string {
  const at = digest.lastIndexOf('sha256:');
  return at < 0 ? digest : digest.slice(at + 7, at + 19);
}

/** The tag or digest of a reference; the whole where it has none. */
export function versionOf(image: string): string {
  const [, version] = splitImage(image);
  return version ? shortDigest(version) : image;
}

/** Name and version of an image. A colon before the last slash belongs to a registry's port. */
function splitImage(image: string): [string, string] {
  const digest = image.indexOf('@');
  if (digest >= 0) return [image.slice(0, digest), image.slice(digest + 1)];
  const colon = image.lastIndexOf(':');
  return colon > image.lastIndexOf('/') ? [image.slice(0, colon), image.slice(colon + 1)] : [image, ''];
}
