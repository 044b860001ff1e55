import { Login } from './login.jsx';

// The tenant's address is read when the page is asked for, so one build serves every environment.
export const dynamic = 'force-dynamic';

export default function Page() {
  return <Login api={process.env.PUBLIC_HANKO_API_URL} />;
}
