# ruff: noqa: E501
"""Small catalogs with known contents for the built-in brain: films, plain films, games, books."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from recagent_catalogs.ingest import Overrides, ingest
from recagent_catalogs.store import Catalog

# title | year | genres | directors | cast | language | runtime | tags | audience | franchise
FILMS = """
Alien|1979|Sci-Fi,Horror|Ridley Scott|Sigourney Weaver,Tom Skerritt|English|117|space,alien,tense,claustrophobic|adult|Alien
Aliens|1986|Sci-Fi,Action|James Cameron|Sigourney Weaver,Bill Paxton|English|137|space,alien,action-packed|adult|Alien
Blade Runner|1982|Sci-Fi,Thriller|Ridley Scott|Harrison Ford,Sean Young|English|117|dystopia,robots,atmospheric,slow-burn|adult|
The Matrix|1999|Sci-Fi,Action|Lana Wachowski|Keanu Reeves,Carrie-Anne Moss|English|136|mind-bending,dystopia,fast-paced|teen|The Matrix
Contact|1997|Sci-Fi,Drama|Robert Zemeckis|Jodie Foster|English|150|space,first-contact,thought-provoking|teen|
Gattaca|1997|Sci-Fi,Drama|Andrew Niccol|Ethan Hawke,Uma Thurman|English|106|dystopia,thought-provoking|teen|
Heat|1995|Crime,Thriller|Michael Mann|Al Pacino,Robert De Niro|English|170|heist,police,tense|adult|
The Usual Suspects|1995|Crime,Mystery|Bryan Singer|Kevin Spacey,Gabriel Byrne|English|106|twist-ending,heist|adult|
Se7en|1995|Crime,Thriller|David Fincher|Brad Pitt,Morgan Freeman|English|127|serial-killer,dark,twist-ending|adult|
Fight Club|1999|Drama|David Fincher|Brad Pitt,Edward Norton|English|139|dark,twist-ending,mind-bending|adult|
It|2017|Horror|Andy Muschietti|Bill Skarsgard|English|135|scary,childhood|adult|
Up|2009|Animation,Family|Pete Docter|Edward Asner|English|96|heart-warming,ageing|all|
Her|2013|Romance,Sci-Fi|Spike Jonze|Joaquin Phoenix|English|126|love,artificial-intelligence|adult|
Toy Story|1995|Animation,Family,Comedy|John Lasseter|Tom Hanks,Tim Allen|English|81|toys,funny,heart-warming|all|Toy Story
Cast Away|2000|Drama,Adventure|Robert Zemeckis|Tom Hanks|English|143|survival,island|teen|
Big|1988|Comedy,Fantasy|Penny Marshall|Tom Hanks|English|104|funny,childhood|all|
Groundhog Day|1993|Comedy,Fantasy|Harold Ramis|Bill Murray,Andie MacDowell|English|101|funny,time-loop,feel-good|all|
Ghostbusters|1984|Comedy,Fantasy|Ivan Reitman|Bill Murray,Dan Aykroyd|English|105|ghosts,funny,new-york|all|Ghostbusters
Lost in Translation|2003|Drama,Comedy|Sofia Coppola|Bill Murray,Scarlett Johansson|English|102|tokyo,loneliness,slow-burn|teen|
The Shining|1980|Horror|Stanley Kubrick|Jack Nicholson,Shelley Duvall|English|146|hotel,winter,creepy,madness|adult|
Psycho|1960|Horror,Thriller|Alfred Hitchcock|Anthony Perkins|English|109|serial-killer,suspenseful|adult|
Vertigo|1958|Thriller,Mystery|Alfred Hitchcock|James Stewart,Kim Novak|English|128|obsession,san-francisco,suspenseful|teen|
Rear Window|1954|Thriller,Mystery|Alfred Hitchcock|James Stewart,Grace Kelly|English|112|suspenseful,single-location|teen|
Unforgiven|1992|Western,Drama|Clint Eastwood|Clint Eastwood,Gene Hackman|English|130|revenge,outlaw|adult|
Gran Torino|2008|Drama|Clint Eastwood|Clint Eastwood|English|116|ageing,redemption|adult|
Amelie|2001|Romance,Comedy|Jean-Pierre Jeunet|Audrey Tautou|French|122|paris,whimsical,charming,feel-good|teen|
Before Sunrise|1995|Romance,Drama|Richard Linklater|Ethan Hawke,Julie Delpy|English|101|love,one-night,romantic|teen|
When Harry Met Sally...|1989|Romance,Comedy|Rob Reiner|Billy Crystal,Meg Ryan|English|95|romantic-comedy,funny,love,new-york|teen|
Notting Hill|1999|Romance,Comedy|Roger Michell|Julia Roberts,Hugh Grant|English|124|romantic-comedy,london,charming|teen|
Spirited Away|2001|Animation,Fantasy|Hayao Miyazaki|Rumi Hiiragi|Japanese|125|magic,whimsical,childhood|all|
My Neighbor Totoro|1988|Animation,Family|Hayao Miyazaki|Chika Sakamoto|Japanese|86|magic,cosy,childhood|all|
Seven Samurai|1954|Action,Drama|Akira Kurosawa|Toshiro Mifune|Japanese|207|samurai,epic|teen|
The Godfather|1972|Crime,Drama|Francis Ford Coppola|Marlon Brando,Al Pacino|English|175|mafia,family-bonds|adult|The Godfather
The Godfather Part II|1974|Crime,Drama|Francis Ford Coppola|Al Pacino,Robert De Niro|English|202|mafia,family-bonds|adult|The Godfather
Captain Phillips|2013|Thriller,Drama|Paul Greengrass|Tom Hanks,Barkhad Abdi|English|134|pirates,hostage,tense|teen|
Parasite|2019|Thriller,Drama|Bong Joon-ho|Song Kang-ho|Korean|132|class,twist-ending|adult|
1917|2019|War,Drama|Sam Mendes|George MacKay|English|119|world-war-one,long-take|adult|
Dunkirk|2017|War,Drama|Christopher Nolan|Fionn Whitehead|English|106|world-war-two,tense|teen|
Inception|2010|Sci-Fi,Action|Christopher Nolan|Leonardo DiCaprio|English|148|dreams,mind-bending,heist|teen|
Titanic|1997|Romance,Drama|James Cameron|Leonardo DiCaprio,Kate Winslet|English|194|doomed-love,disaster,ship|teen|
12 Angry Men|1957|Drama|Sidney Lumet|Henry Fonda|English|96|courtroom,dialogue-driven|teen|
March of the Penguins|2005|Documentary|Luc Jacquet|Morgan Freeman|French|80|nature,animals|all|
Chicago|2002|Musical,Comedy|Rob Marshall|Renee Zellweger|English|113|musical-numbers,jazz|teen|
Chinatown|1974|Mystery,Thriller|Roman Polanski|Jack Nicholson,Faye Dunaway|English|130|neo-noir,private-eye,los-angeles|adult|
"""

# title | year | genres | developers | platforms | modes | hours | tags | audience | franchise
GAMES = """
Stardew Valley|2016|Simulation,RPG|ConcernedApe|PC,Nintendo Switch|single-player,co-op|52|cosy,relaxing,life-sim,pixel-art|all|
Hades|2020|Roguelike,Action|Supergiant Games|PC,Nintendo Switch|single-player|22|greek-myth,fast-paced,challenging|teen|
Portal|2007|Puzzle|Valve|PC|single-player|3|funny,first-person,physics|teen|Portal
Portal 2|2011|Puzzle|Valve|PC|single-player,co-op|8|funny,first-person,physics|teen|Portal
Half-Life 2|2004|Shooter|Valve|PC|single-player|13|first-person,sci-fi|adult|Half-Life
Doom|1993|Shooter|id Software|PC|single-player|5|first-person,fast-paced,violent|adult|Doom
Celeste|2018|Platformer|Maddy Makes Games|PC,Nintendo Switch|single-player|8|challenging,pixel-art,emotional|all|
Mario Kart 8|2014|Racing|Nintendo|Wii U|local multiplayer|10|kart-racing,funny|all|Mario Kart
The Witcher 3: Wild Hunt|2015|RPG|CD Projekt Red|PC|single-player|51|open-world,story-rich,fantasy|adult|The Witcher
Slay the Spire|2019|Card Game,Roguelike|MegaCrit|PC|single-player|20|one-more-turn,procedural-generation|teen|
Overcooked|2016|Party,Simulation|Ghost Town Games|PC|couch co-op,local multiplayer|7|cooking,chaotic,funny|all|
Civilization V|2010|Strategy|Firaxis Games|PC|single-player,online multiplayer|60|turn-based,one-more-turn,historical|teen|Civilization
"""

BOOKS_SCHEMA = """
schema = "recagent.catalog/1"
name = "books"
item = "book"
items = "books"
aliases = ["novel", "novels", "read", "reads"]
verb = "read"
[columns.id]
role = "id"
[columns.title]
role = "title"
[columns.year]
role = "year"
[columns.genres]
role = "categories"
[columns.authors]
role = "people"
label = "author"
cues = ["by", "from", "written by"]
[columns.language]
role = "facet"
[columns.pages]
role = "number"
unit = "pages"
aliases = ["length"]
low = ["short", "shorter"]
high = ["long", "longer"]
[columns.tags]
role = "tags"
"""
BOOKS = """
The Hobbit|1937|Fantasy|J. R. R. Tolkien|English|310|dragons,quest
The Hunger Games|2008|Science Fiction|Suzanne Collins|English|374|dystopia,survival
Dune|1965|Science Fiction|Frank Herbert|English|612|desert,politics
Emma|1815|Romance|Jane Austen|English|474|marriage,funny
Murder on the Orient Express|1934|Mystery|Agatha Christie|English|256|train,detective
And Then There Were None|1939|Mystery|Agatha Christie|English|272|island,detective
Kitchen|1988|Fiction|Banana Yoshimoto|Japanese|152|grief,food
Norwegian Wood|1987|Fiction|Haruki Murakami|Japanese|296|love,loneliness
A Short History of Nearly Everything|2003|Nonfiction|Bill Bryson|English|544|science,funny
The Shining|1977|Horror|Stephen King|English|447|hotel,madness
"""


def _write(folder: Path, header: str, rows: str) -> Path:
    lines = [header]
    for number, row in enumerate(rows.strip().splitlines(), start=1):
        cells = row.split("|")
        lines.append(",".join([f"i{number}", *(f'"{cell.replace(",", "|")}"' for cell in cells)]))
    path = folder / "items.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _open(folder: Path, name: str, items: Path, schema: Path | None) -> Catalog:
    ingest(items, folder / name, name=name, overrides=Overrides(schema=schema))
    return Catalog.open(folder / name)


def _bundled_schema(folder: Path, name: str) -> Path:
    text = resources.files("recagent_catalogs").joinpath(name, "catalog.toml").read_text("utf-8")
    drop = ("about", "original_title", "countries")
    kept: list[str] = []
    for block in text.split("\n\n"):
        if not any(block.lstrip().startswith(f"[columns.{column}]") for column in drop):
            kept.append(block)
    path = folder / "schema.toml"
    path.write_text("\n\n".join(kept), encoding="utf-8")
    return path


def films(folder: Path) -> Catalog:
    """Films with directors, cast, language, runtime, audience, franchise."""
    header = "id,title,year,genres,directors,cast,language,runtime,tags,audience,franchise"
    return _open(folder, "films", _write(folder, header, FILMS), _bundled_schema(folder, "movies"))


def games(folder: Path) -> Catalog:
    """Games with developers, platforms, modes and hours."""
    header = "id,title,year,genres,developers,platforms,modes,hours,tags,audience,franchise"
    return _open(folder, "games", _write(folder, header, GAMES), _bundled_schema(folder, "games"))


def books(folder: Path) -> Catalog:
    """Books with authors and pages."""
    schema = folder / "schema.toml"
    schema.write_text(BOOKS_SCHEMA, encoding="utf-8")
    header = "id,title,year,genres,authors,language,pages,tags"
    return _open(folder, "books", _write(folder, header, BOOKS), schema)


def plain_films(folder: Path) -> Catalog:
    """The same films in MovieLens' form: no people, no languages, no runtime; a few tags."""
    rows = [row.split("|") for row in FILMS.strip().splitlines()]
    lines = ["movieId,title,genres"]
    for number, row in enumerate(rows, start=1):
        genres = row[2].replace(",", "|").replace("Family", "Children")
        lines.append(f'{number},"{row[0]} ({row[1]})",{genres}')
    (folder / "ml").mkdir()
    (folder / "ml" / "movies.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tags = ["userId,movieId,tag,timestamp"]
    for number, row in enumerate(rows, start=1):
        if "Bill Murray" in row[4]:
            tags.append(f"1,{number},Bill Murray,1000000000")
    (folder / "ml" / "tags.csv").write_text("\n".join(tags) + "\n", encoding="utf-8")
    ratings = ["userId,movieId,rating,timestamp"]
    for user in range(1, 13):
        for number in range(1, len(rows) + 1):
            if (number * 7 + user * 3) % 5 < 2:
                ratings.append(
                    f"{user},{number},{3 + (number + user) % 3},{1_000_000_000 + number}"
                )
    (folder / "ml" / "ratings.csv").write_text("\n".join(ratings) + "\n", encoding="utf-8")
    ingest(folder / "ml", folder / "plain", name="plain")
    return Catalog.open(folder / "plain")
