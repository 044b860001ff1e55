import Link from 'next/link';

export default function Home() {
  return <p>Everybody may read this. <Link href="/dashboard">The dashboard</Link> is for people who are signed in.</p>;
}
