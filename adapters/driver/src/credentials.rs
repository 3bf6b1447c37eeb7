//! [`Credentials`]: a URL's user name and password, and how they are sent (RFC 7617).

use crate::target::UrlError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use std::fmt;

/// A user name and a password. `Debug` shows neither: either may be a token.
///
/// ```
/// use sansws_driver::Target;
///
/// let target = Target::parse("ws://Aladdin:open%20sesame@example.com")?;
/// let credentials = target.credentials().unwrap();
/// assert_eq!((credentials.user(), credentials.password()), ("Aladdin", "open sesame"));
/// assert_eq!(credentials.to_basic(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617 §2
/// # Ok::<_, sansws_driver::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// Those of a URL, percent-encoded there. None if both are empty.
    pub(crate) fn parse(user: &str, password: &str) -> Result<Option<Self>, UrlError> {
        let decode = |part| percent_decode_str(part).decode_utf8().map_err(|_| UrlError::Credentials);
        let (user, password) = (decode(user)?, decode(password)?);
        if user.contains(':') || [&user, &password].iter().any(|part| part.contains(char::is_control)) {
            return Err(UrlError::Credentials);
        }
        let some = !user.is_empty() || !password.is_empty();
        Ok(some.then(|| Self { user: user.into(), password: password.into() }))
    }

    /// The user name, decoded.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, decoded.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The value of the `Authorization` header that says so, in UTF-8 (RFC 7617 §2).
    #[must_use]
    pub fn to_basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::target::{Target, UrlError};

    #[test]
    fn user_info_of_a_url() {
        check("user:secret", Ok(Some(("user", "secret"))));
        check("user", Ok(Some(("user", ""))));
        check(":secret", Ok(Some(("", "secret"))));
        check("a:b:c", Ok(Some(("a", "b:c"))));
        check("a@b:c@d", Ok(Some(("a@b", "c@d")))); // the last @ ends it
        check("a%40b:%25%", Ok(Some(("a@b", "%%"))));
        check("j%C3%BCrgen:ü €", Ok(Some(("jürgen", "ü €"))));
        check("", Ok(None));
        check(":", Ok(None));
        check("a%3Ab:c", Err(UrlError::Credentials)); // would be read as a, b:c
        check("a%00:b", Err(UrlError::Credentials));
        check("a:b%0D%0AX:%20y", Err(UrlError::Credentials));
        check("a:%7F", Err(UrlError::Credentials));
        check("%FF:b", Err(UrlError::Credentials));

        #[track_caller]
        fn check(info: &str, expected: Result<Option<(&str, &str)>, UrlError>) {
            let target = Target::parse(&format!("ws://{info}@h:81/a?b"));
            let parts = target.as_ref().map(|target| target.credentials().map(|both| (both.user(), both.password())));
            assert_eq!(parts, expected.as_ref().map(|parts| *parts), "{info}");
            if let Ok(target) = target {
                assert_eq!((target.host(), target.authority(), target.resource()), ("h", "h:81", "/a?b"));
            }
        }
    }

    /// RFC 7617 §2 and §2.1.
    #[test]
    fn basic() {
        check("test:123%C2%A3", "Basic dGVzdDoxMjPCow==");
        check("token", "Basic dG9rZW46");
        check(":%3E%3F%3F", "Basic Oj4/Pw==");

        #[track_caller]
        fn check(info: &str, expected: &str) {
            let target = Target::parse(&format!("ws://{info}@h")).unwrap();
            assert_eq!(target.credentials().unwrap().to_basic(), expected);
        }
    }

    #[test]
    fn nothing_shows_them() {
        let target = Target::parse("ws://hidden1:hidden2@h/").unwrap();
        let mut shown = format!("{target:?} {:?}", target.credentials());
        for url in ["ws://hidden1:hidden2@h/#", "ftp://hidden1:hidden2@h", "ws://hidden1%3A:hidden2@h"] {
            let error = Target::parse(url).unwrap_err();
            shown += &format!("{error} {error:?}");
        }
        assert!(shown.contains("Credentials { .. }") && !shown.contains("hidden"), "{shown}");
    }
}
