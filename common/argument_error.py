"""Errors about one argument of a Python function, which a command line can put into the words of its options."""

from typing import Mapping, Optional, Tuple


class ArgumentError(ValueError):
    """An argument breaks a rule.

    The message is `ARGUMENT RULE; received RECEIVED`, followed by the remedy if there is one.

    Args:
        argument: name of the parameter, such as `"num_bits"`. The message begins with it.
        rule: the rest of the sentence, with its verb, such as `"must be from 2 to 8"`.
        received: the value that breaks the rule, or a description of it.
        remedy: another argument that would help and what it does, such as `("force=True", "replaces it")`.
        alternative: a second one, for a user who wants something else.

    Example:
        >>> error = ArgumentError("name", "must be new in .", "'mul8u_X'", ("force=True", "replaces it"))
        >>> str(error)
        "name must be new in .; received 'mul8u_X'; force=True replaces it"
        >>> error.message({"name": "--name", "force": "--force"})
        "--name must be new in .; received 'mul8u_X'; --force replaces it"
    """

    def __init__(
        self,
        argument: str,
        rule: str,
        received: object,
        remedy: Optional[Tuple[str, str]] = None,
        alternative: Optional[Tuple[str, str]] = None,
    ):
        super().__init__(argument, rule, received, remedy, alternative)
        self.argument, self.rule, self.received = argument, rule, received
        self.remedies = [each for each in (remedy, alternative) if each is not None]

    @classmethod
    def from_core(cls, argument: str, error: Exception) -> "ArgumentError":
        """An `ArgumentError` with the message of an error that the compiled core raised.

        Args:
            argument: the name of the argument, with which the message begins because the core was given it.
            error: the exception of the core.
        """
        rule, _, received = str(error)[len(argument) + 1 :].partition("; received ")
        return cls(argument, rule, received)

    def message(self, options: Mapping[str, str]) -> str:
        """The message with options instead of arguments.

        Args:
            options: from the name of an argument to its option. An argument that is not in it keeps its Python name.

        Returns:
            The text of the error. `argument=value` becomes `option value`, and `argument=True` or `argument=False`
            becomes `option`.
        """
        text = f"{options.get(self.argument, self.argument)} {self.rule}; received {self.received}"
        for assignment, effect in self.remedies:
            name, _, value = assignment.partition("=")
            if name in options:
                assignment = options[name] + (f" {value}" if value not in ("", "True", "False") else "")
            text += f"; {assignment} {effect}"
        return text

    def __str__(self):
        return self.message({})


def error_message(error: Exception, options: Mapping[str, str]) -> str:
    """The text of an error for a user, with options of a command instead of the arguments of the library.

    Args:
        error: an exception.
        options: from the name of an argument to its option, as `ArgumentError.message` takes it.

    Returns:
        The message of an `ArgumentError`; the reason and the files of another `OSError`, without its number; the text
        of every other exception.

    Example:
        >>> error_message(FileNotFoundError(2, "No such file or directory", "mine"), {})
        "No such file or directory: 'mine'"
    """
    if isinstance(error, ArgumentError):
        return error.message(options)
    if isinstance(error, OSError) and error.strerror:
        files = " -> ".join(repr(file) for file in (error.filename, error.filename2) if file is not None)
        return f"{error.strerror}: {files}" if files else error.strerror
    return str(error)


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument has a type that can never be right."""


class ArgumentFileExistsError(ArgumentError, FileExistsError):
    """An argument names a file that exists already."""


class ArgumentFileNotFoundError(ArgumentError, FileNotFoundError):
    """An argument names something that does not exist."""


class ArgumentIsADirectoryError(ArgumentError, IsADirectoryError):
    """An argument names a folder and must not."""


class ArgumentNotADirectoryError(ArgumentError, NotADirectoryError):
    """An argument must name a folder and does not."""
