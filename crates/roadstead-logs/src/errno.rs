//! Names of error numbers, as programs print them that hand on what the system said.
//!
//! Those of errno.h and of getaddrinfo that programs meet, and the codes that Node makes up in their likeness.

/// Sorted.
const NAMES: [&str; 71] = [
    "E2BIG",
    "EACCES",
    "EADDRINUSE",
    "EADDRNOTAVAIL",
    "EAFNOSUPPORT",
    "EAGAIN",
    "EAI_AGAIN",
    "EAI_FAIL",
    "EAI_NODATA",
    "EAI_NONAME",
    "EALREADY",
    "EBADF",
    "EBADMSG",
    "EBUSY",
    "ECANCELED",
    "ECHILD",
    "ECONNABORTED",
    "ECONNREFUSED",
    "ECONNRESET",
    "EDEADLK",
    "EDESTADDRREQ",
    "EDQUOT",
    "EEXIST",
    "EFAULT",
    "EFBIG",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "EILSEQ",
    "EINPROGRESS",
    "EINTR",
    "EINVAL",
    "EIO",
    "EISCONN",
    "EISDIR",
    "ELOOP",
    "EMFILE",
    "EMLINK",
    "EMSGSIZE",
    "ENAMETOOLONG",
    "ENETDOWN",
    "ENETRESET",
    "ENETUNREACH",
    "ENFILE",
    "ENOBUFS",
    "ENODEV",
    "ENOENT",
    "ENOEXEC",
    "ENOLCK",
    "ENOMEM",
    "ENOSPC",
    "ENOSYS",
    "ENOTCONN",
    "ENOTDIR",
    "ENOTEMPTY",
    "ENOTFOUND",
    "ENOTSOCK",
    "ENOTSUP",
    "ENXIO",
    "EOPNOTSUPP",
    "EOVERFLOW",
    "EPERM",
    "EPIPE",
    "EPROTO",
    "EPROTONOSUPPORT",
    "ERANGE",
    "EROFS",
    "ESHUTDOWN",
    "ESRCH",
    "ESTALE",
    "ETIMEDOUT",
    "EXDEV",
];

/// `ECONNREFUSED`, `ERR_SSL_WRONG_VERSION_NUMBER`
pub(crate) fn is_name(token: &str) -> bool {
    if !token.starts_with('E') {
        return false;
    }
    let of_node = || {
        token.strip_prefix("ERR_").is_some_and(|name| {
            name.len() >= 4
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    NAMES.binary_search(&token).is_ok() || of_node()
}

/// The first such name in a message.
pub(crate) fn first(message: &str) -> Option<&str> {
    message
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .find(|token| is_name(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_anywhere_in_a_message() {
        assert!(NAMES.is_sorted());
        assert_eq!(first("connect ECONNREFUSED 10.0.0.1:5432"), Some("ECONNREFUSED"));
        assert_eq!(first("[ERR_MODULE_NOT_FOUND]: x"), Some("ERR_MODULE_NOT_FOUND"));
        assert_eq!(first("ERROR: EVERYTHING IS WELL"), None);
    }
}
