import { Profile } from './profile.jsx';

export const dynamic = 'force-dynamic';

export default function Page() {
  return (
    <>
      <h1>Dashboard</h1>
      <Profile api={process.env.PUBLIC_HANKO_API_URL} />
    </>
  );
}
