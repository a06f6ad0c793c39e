from hemalens.passwords import PasswordHasher, is_password


def test_hash_is_argon2id_fits_its_password_alone_and_is_salted() -> None:
    hashed = PasswordHasher().hash("count carefully")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password("count carefully", f"{hashed}\n")
    assert not is_password("count carelessly", hashed)
    assert PasswordHasher().hash("count carefully") != hashed


def test_what_is_no_hash_fits_no_password() -> None:
    assert not is_password("count carefully", "count carefully")


def test_hash_of_another_cost_is_outdated_and_still_fits() -> None:
    cheap = PasswordHasher(memory_kib=8, passes=1, lanes=1)
    hashed = cheap.hash("count carefully")
    assert not cheap.is_outdated(hashed)
    assert PasswordHasher(memory_kib=16, passes=1, lanes=1).is_outdated(hashed)
    assert is_password("count carefully", hashed)


def test_hash_that_argon2_cffi_made_still_fits() -> None:
    """Stations have such, of password `count carefully` at little cost."""
    hashed = (
        "$argon2id$v=19$m=8,t=1,p=1$"
        "JAVdJTN/ARiyx1mKvM4bgg$tBuFOmG1RStES6X1YaGoqeAgbaLWQr0spWqtlQ2MxRI"
    )
    assert is_password("count carefully", hashed)
    assert not is_password("count carelessly", hashed)
