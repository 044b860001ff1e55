// Lets only people who are signed in through to the pages named below. Until Next.js 15 this file is called middleware.js, its function `middleware`.
import { NextResponse } from 'next/server';

export const config = { matcher: ['/dashboard/:path*'] };

export async function proxy(request) {
  const token = request.cookies.get('hanko')?.value;
  if (token && await isValid(token)) return NextResponse.next();
  return NextResponse.redirect(new URL('/login', request.url));
}

async function isValid(token) {
  const answer = await fetch(`${process.env.HANKO_API_URL}/sessions/validate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ session_token: token }),
  });
  return answer.ok && (await answer.json()).is_valid;
}
