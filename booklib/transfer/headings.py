"""Headings of columns in seven languages, and the field that each of them means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from booklib.models.folding import fold

_BRACKETS = re.compile(r"[(\[](?!\d+[)\]])[^)\]]*[)\]]")
"""Not `Title (2)`, as the second of two columns with one name is called here."""
_OF_TEN = re.compile(r"(?<!\d)10(?!\d)")


class Told(NamedTuple):
    """What a header tells: its language (ISO 639-1), and the field of each name that is known."""

    language: str
    fields: Mapping[str, str]


def told(header: Iterable[str]) -> Told:
    """The fields that the headings mean, by the language that most of them are in.

    A word may mean different things: `Note` is a rating in French and a remark in English. What
    stands in brackets explains a heading: `Rating (1-10)`.
    """
    names = {name: _heading(name) for name in header}
    found = {
        language: sum(heading in _FIELDS[language] for heading in names.values())
        for language in _FIELDS
    }
    languages = sorted(_FIELDS, key=lambda language: -found[language])
    fields = {
        name: field
        for name, heading in names.items()
        if (
            field := next(
                (_FIELDS[one][heading] for one in languages if heading in _FIELDS[one]), ""
            )
        )
    }
    of_ten = {
        name: "rating-of-10"
        for name, field in fields.items()
        if field == "rating" and _OF_TEN.search(name)
    }
    return Told(languages[0], fields | of_ten)


def _heading(name: str) -> str:
    whole, bare = fold(name), fold(_BRACKETS.sub("", name))
    known = any(whole in fields for fields in _FIELDS.values())
    return whole if known or not bare else bare


_HEADINGS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "title|book title|book|name|book name",
        "subtitle": "subtitle",
        "authors": "author|authors|author s|author name|author names|writer|writers|by|"
        "primary author|additional authors|secondary author",
        "isbn": "isbn|isbn13|isbn 13|isbn10|isbn 10|isbn s|isbns|isbn number|isbn uid|ean|"
        "ean13|ean 13|ean isbn13|ean isbn 13|isbn ean|upc|upc isbn10|barcode",
        "status": "status|read status|reading status|shelf|exclusive shelf|state",
        "rating": "rating|my rating|your rating|star rating|stars|my stars|user rating|score|"
        "my score",
        "rating-of-10": "rating of 10|rating 10|rating out of 10|score 10",
        "started": "started|date started|start date|started on|started reading|started at|begin|"
        "read start|started reading on|date begun",
        "finished": "finished|date finished|finish date|finished on|date read|read date|end date|"
        "completed|date completed|completed on|finished reading|last date read|finished at|"
        "read end|read on|year read|last read",
        "read": "read|already read|have read",
        "added": "added|date added|added on|added at|created|created at|date created|entry date|"
        "acquired|date acquired|date entered",
        "tags": "tags|tag|shelves|bookshelves|bookshelf|genre|genres|category|categories|"
        "collection|collections|labels|keywords|subjects|subject|lists|personal tags",
        "review": "review|my review|reviews",
        "notes": "notes|note|private notes|comment|comments|my notes|private comment|remarks",
        "publisher": "publisher|publishers|published by|imprint",
        "published": "published|publication date|publication year|year|year published|"
        "date published|publish date|publish year|published date|pub date|pubdate|"
        "release date|published year|copyright year|year of publication|date of publication",
        "pages": "pages|page count|number of pages|num pages|nb pages|no of pages|pagecount",
        "description": "description|summary|synopsis|blurb|about",
        "copies": "copies|owned|owned copies|number of copies|quantity",
    },
    "es": {
        "title": "titulo|libro|nombre|titulo del libro",
        "subtitle": "subtitulo",
        "authors": "autor|autores|autora|autor a|autor es|escritor|escritora",
        "isbn": "codigo isbn|numero isbn",
        "status": "estado|estado de lectura|estanteria|estante",
        "rating": "calificacion|mi calificacion|puntuacion|mi puntuacion|valoracion|"
        "mi valoracion|nota|estrellas",
        "started": "fecha de inicio|inicio|empezado|comenzado|fecha inicio|inicio de lectura",
        "finished": "fecha de lectura|fecha de fin|terminado|fecha lectura|fecha fin|fin|"
        "fecha de finalizacion|fecha leido|fin de lectura|acabado",
        "read": "leido|ya leido",
        "added": "fecha de alta|fecha anadido|fecha de adicion|anadido|agregado|"
        "fecha de incorporacion|fecha agregado|fecha de compra",
        "tags": "etiquetas|etiqueta|generos|genero|categorias|categoria|estanterias|coleccion|"
        "colecciones|palabras clave|temas|tema",
        "review": "resena|mi resena|critica|opinion",
        "notes": "notas|comentarios|comentario|observaciones|notas privadas",
        "publisher": "editorial|editor",
        "published": "fecha de publicacion|ano de publicacion|ano|publicado|publicacion|"
        "ano publicacion|fecha publicacion|ano de edicion",
        "pages": "paginas|numero de paginas|n de paginas|num paginas|no de paginas",
        "description": "descripcion|resumen|sinopsis",
        "copies": "ejemplares|copias|numero de ejemplares|numero de copias",
    },
    "de": {
        "title": "titel|buchtitel|buch",
        "subtitle": "untertitel",
        "authors": "autor|autoren|autorin|autor in|autor innen|verfasser|verfasserin|"
        "schriftsteller|von",
        "isbn": "isbn nummer|isbn nr",
        "status": "lesestatus|regal|zustand des lesens",
        "rating": "bewertung|meine bewertung|sterne|wertung|note",
        "started": "begonnen|begonnen am|angefangen|angefangen am|lesebeginn|startdatum|beginn|"
        "gelesen von",
        "finished": "beendet|beendet am|gelesen am|leseende|fertig|fertig am|enddatum|"
        "lesedatum|ende|gelesen bis|ausgelesen|ausgelesen am|datum gelesen",
        "read": "gelesen|schon gelesen",
        "added": "hinzugefugt|hinzugefugt am|hinzufugedatum|erfasst|erfasst am|angelegt am|"
        "gekauft am|aufgenommen am|datum hinzugefugt|eingetragen am",
        "tags": "schlagworte|schlagworter|stichworte|stichworter|genre|genres|kategorie|"
        "kategorien|regale|sammlung|sammlungen|themen|thema",
        "review": "rezension|meine rezension|besprechung|kritik",
        "notes": "notizen|notiz|anmerkungen|anmerkung|kommentar|kommentare|bemerkungen|"
        "bemerkung|private notizen",
        "publisher": "verlag|herausgeber",
        "published": "erscheinungsjahr|erscheinungsdatum|jahr|erschienen|erschienen am|"
        "veroffentlicht|veroffentlichungsdatum|veroffentlichungsjahr|erscheinungstermin",
        "pages": "seiten|seitenzahl|anzahl seiten|seitenanzahl|anzahl der seiten|umfang",
        "description": "beschreibung|inhalt|zusammenfassung|klappentext|inhaltsangabe",
        "copies": "exemplare|anzahl|anzahl exemplare|besitz|anzahl der exemplare",
    },
    "fr": {
        "title": "titre|livre|titre du livre|nom",
        "subtitle": "sous titre",
        "authors": "auteur|auteurs|auteure|autrice|auteur s|auteur rice|ecrivain",
        "isbn": "code isbn|numero isbn",
        "status": "statut|etat de lecture|etagere|statut de lecture",
        "rating": "note|ma note|evaluation|etoiles|mon evaluation|appreciation",
        "started": "date de debut|debut|commence|commence le|debut de lecture|date debut",
        "finished": "date de lecture|date de fin|termine|termine le|fini le|fin|lu le|"
        "fin de lecture|date lecture|date fin",
        "read": "lu|deja lu",
        "added": "date d ajout|ajoute|ajoute le|date ajout|date d entree|cree le|date d achat",
        "tags": "etiquettes|etiquette|genre|genres|categorie|categories|etageres|collection|"
        "collections|mots cles|mots clefs|sujets|theme|themes",
        "review": "critique|ma critique|avis|mon avis",
        "notes": "notes|commentaires|commentaire|remarques|remarque|notes privees",
        "publisher": "editeur|maison d edition|edition",
        "published": "date de publication|annee|annee de publication|publie|parution|"
        "date de parution|annee de parution|date d edition|annee d edition|publie le",
        "pages": "pages|nombre de pages|nb de pages|nb pages",
        "description": "description|resume|synopsis|resume de l action|quatrieme de couverture",
        "copies": "exemplaires|nombre d exemplaires|possede|copies",
    },
    "it": {
        "title": "titolo|libro|titolo del libro|nome",
        "subtitle": "sottotitolo",
        "authors": "autore|autori|autrice|autore i|scrittore|scrittrice",
        "isbn": "codice isbn",
        "status": "stato|stato di lettura|stato lettura|scaffale",
        "rating": "voto|il mio voto|valutazione|la mia valutazione|stelle|punteggio|giudizio",
        "started": "data di inizio|inizio|iniziato|iniziato il|inizio lettura|data inizio",
        "finished": "data di lettura|data di fine|finito|finito il|fine|fine lettura|letto il|"
        "data fine|data lettura|terminato|terminato il",
        "read": "letto|gia letto",
        "added": "aggiunto|aggiunto il|data di aggiunta|data aggiunta|data inserimento|"
        "data di inserimento|data acquisto|data di acquisto",
        "tags": "etichette|etichetta|genere|generi|categoria|categorie|scaffali|collezione|"
        "collezioni|parole chiave|argomenti|collana",
        "review": "recensione|la mia recensione|critica",
        "notes": "note|nota|commenti|commento|annotazioni|note private",
        "publisher": "editore|casa editrice",
        "published": "data di pubblicazione|anno|anno di pubblicazione|pubblicato|"
        "anno pubblicazione|data pubblicazione|pubblicazione|anno di edizione",
        "pages": "pagine|numero di pagine|n pagine|numero pagine",
        "description": "descrizione|trama|riassunto|sinossi",
        "copies": "copie|numero di copie|posseduto",
    },
    "pt": {
        "title": "titulo|livro|titulo do livro|nome",
        "subtitle": "subtitulo",
        "authors": "autor|autores|autora|autor a|autor es|escritor|escritora",
        "isbn": "codigo isbn|numero isbn",
        "status": "estado|situacao|status de leitura|estado de leitura|estante|prateleira",
        "rating": "avaliacao|minha avaliacao|nota|classificacao|a minha classificacao|estrelas|"
        "pontuacao",
        "started": "data de inicio|inicio|iniciado|comecado|inicio da leitura|data inicio|"
        "comecei em",
        "finished": "data de leitura|data de conclusao|concluido|terminado|lido em|fim|"
        "fim da leitura|data da leitura|data de termino|termino|data fim|data leitura",
        "read": "lido|ja lido",
        "added": "adicionado|adicionado em|data de adicao|data de cadastro|data adicionado|"
        "data de aquisicao|data de compra|data de inclusao",
        "tags": "etiquetas|genero|generos|categoria|categorias|estantes|colecao|colecoes|"
        "palavras chave|assuntos|assunto|marcadores",
        "review": "resenha|minha resenha|critica|opiniao|recensao",
        "notes": "notas|anotacoes|comentarios|comentario|observacoes|notas privadas",
        "publisher": "editora",
        "published": "data de publicacao|ano|ano de publicacao|publicado|publicacao|"
        "ano publicacao|publicado em|ano de edicao",
        "pages": "paginas|numero de paginas|n de paginas",
        "description": "descricao|resumo|sinopse",
        "copies": "exemplares|copias|numero de exemplares|quantidade",
    },
    "nl": {
        "title": "titel|boek|boektitel|naam",
        "subtitle": "ondertitel|subtitel",
        "authors": "auteur|auteurs|schrijver|schrijvers|schrijfster|door",
        "isbn": "isbn nummer",
        "status": "leesstatus|plank|boekenplank",
        "rating": "beoordeling|mijn beoordeling|waardering|sterren|cijfer|score",
        "started": "begonnen|begonnen op|startdatum|gestart|gestart op|begindatum|begin",
        "finished": "uitgelezen|uitgelezen op|gelezen op|einddatum|datum gelezen|leesdatum|"
        "klaar|beeindigd|beeindigd op|einde",
        "read": "gelezen|al gelezen",
        "added": "toegevoegd|toegevoegd op|datum toegevoegd|aangemaakt|aankoopdatum|"
        "datum van toevoeging",
        "tags": "labels|genre|genres|categorie|categorieen|planken|boekenplanken|verzameling|"
        "collectie|collecties|trefwoorden|onderwerp|onderwerpen",
        "review": "recensie|mijn recensie|bespreking",
        "notes": "notities|notitie|opmerkingen|opmerking|aantekeningen|prive notities",
        "publisher": "uitgever|uitgeverij",
        "published": "jaar|verschenen|publicatiedatum|publicatiejaar|jaar van uitgave|"
        "verschijningsjaar|uitgegeven|verschijningsdatum|gepubliceerd",
        "pages": "paginas|pagina s|aantal paginas|aantal pagina s|bladzijden|aantal bladzijden",
        "description": "beschrijving|samenvatting|inhoud|omschrijving",
        "copies": "exemplaren|aantal exemplaren|aantal|in bezit",
    },
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    language: {word: field for field, words in fields.items() for word in words.split("|")}
    for language, fields in _HEADINGS.items()
}
