/** What is used of postject, which brings no types. */
declare module "postject" {
  /** Puts a resource into a program, as `name`; sets the octet behind the fuse that the program looks at. */
  export function inject(
    file: string,
    name: string,
    resource: Buffer,
    options: { readonly sentinelFuse: string },
  ): Promise<void>;
}
