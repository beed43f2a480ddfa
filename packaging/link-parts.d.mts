export function linkParts(text: string): string;
