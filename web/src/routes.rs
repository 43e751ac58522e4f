//! The addresses of the console: flat paths. Queries carry what a page opens with:
//! `topic` (Produce, Tail; several separated by commas), `start` and `at` (Tail). A router
//! library would cost a twentieth of what the page may weigh, for a table of a few rows.

/// One page each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Produce, also the start page.
    Produce,
    /// Tail.
    Tail,
    /// Topics.
    Topics,
    /// Schemas.
    Schemas,
    /// Pipelines.
    Pipelines,
    /// Transforms.
    Transforms,
    /// Dead letters.
    DeadLetters,
    /// Load.
    Load,
    /// Anything else.
    NotFound,
}

impl Route {
    /// The page of a path.
    #[must_use]
    pub fn of(path: &str) -> Route {
        match path.trim_end_matches('/') {
            "" | "/produce" => Route::Produce,
            "/tail" => Route::Tail,
            "/topics" => Route::Topics,
            "/schemas" => Route::Schemas,
            "/pipelines" => Route::Pipelines,
            "/transforms" => Route::Transforms,
            "/dead-letters" => Route::DeadLetters,
            "/load" => Route::Load,
            _ => Route::NotFound,
        }
    }

    /// The path of a page.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Route::Produce => "/produce",
            Route::Tail => "/tail",
            Route::Topics => "/topics",
            Route::Schemas => "/schemas",
            Route::Pipelines => "/pipelines",
            Route::Transforms => "/transforms",
            Route::DeadLetters => "/dead-letters",
            Route::Load => "/load",
            Route::NotFound => "/not-found",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_at_its_path() {
        let first = [Route::Produce, Route::Tail, Route::Topics, Route::Schemas, Route::Load, Route::NotFound];
        for route in first.into_iter().chain([Route::Pipelines, Route::Transforms, Route::DeadLetters]) {
            assert_eq!(Route::of(route.path()), route);
        }
        assert_eq!([Route::of("/"), Route::of(""), Route::of("/tail/")], [Route::Produce, Route::Produce, Route::Tail]);
        assert_eq!([Route::of("/produce/x"), Route::of("/Tail")], [Route::NotFound, Route::NotFound]);
    }
}
