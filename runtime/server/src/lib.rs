//! The tenant server: routes, tenant registry, configuration loading, background jobs.
